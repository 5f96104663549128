import { readdir, readFile } from "node:fs/promises";
import { type Kysely, sql } from "kysely";
import { Migrator } from "kysely/migration";
import type { Database } from "./database.ts";
import { migrationSteps } from "./migration-steps.ts";

const migrationFolder = new URL("../../../db/migrations/", import.meta.url);

/** The tables in which Kysely's migrator records the migrations, and its lock. */
export const migrationTables = [
	"schema_migrations",
	"schema_migrations_lock",
] as const;
const [migrationTableName, migrationLockTableName] = migrationTables;

/**
 * Migrates the database to the version this code knows. Several instances may do so at once:
 * Kysely's migrator holds an advisory lock, in one transaction.
 *
 * @returns the names of the migrations applied now
 * @throws Error with a message when the database is newer than this code
 */
export async function migrateDatabase(db: Database): Promise<string[]> {
	const { error, results } = await openMigrator(db).migrateToLatest();
	if (error) throw explainMigrationError(error);
	return (results ?? []).map(({ migrationName }) => migrationName);
}

/**
 * Checks that the database has exactly the version this code knows, without changing anything.
 *
 * @throws Error with a message when it does not
 */
export async function requireVersion(db: Database): Promise<void> {
	const migrations = await openMigrator(db).getMigrations();
	const missing = migrations.filter(({ executedAt }) => !executedAt);
	if (missing.length === migrations.length) {
		throw new Error(
			"it contains no MCP Go-Live data. Set DATABASE_URL or DATA_DIR to the one that does",
		);
	}
	if (missing.length > 0) {
		throw new Error(
			`it is older than this version of MCP Go-Live: migration ${missing[0]?.name} is missing. Start the service, or run migrate, to migrate it`,
		);
	}
	const { rows } = await sql<{ name: string }>`
		select name from ${sql.table(migrationTableName)} order by name`.execute(
		db,
	);
	const known = new Set(migrations.map(({ name }) => name));
	const newer = rows.find(({ name }) => !known.has(name));
	if (newer) throw newerDatabase(newer.name);
}

function openMigrator(db: Database): Migrator {
	return new Migrator({
		db,
		migrationTableName,
		migrationLockTableName,
		provider: {
			async getMigrations() {
				const files = await readdir(migrationFolder);
				const entries = files
					.filter((file) => file.endsWith(".sql"))
					.map(async (file) => {
						const text = await readFile(new URL(file, migrationFolder), "utf8");
						const name = file.replace(/\.sql$/, "");
						const up = async (tx: Kysely<unknown>) => {
							await sql.raw(text).execute(tx);
							await migrationSteps[name]?.(tx);
						};
						return [name, { up }] as const;
					});
				return Object.fromEntries(await Promise.all(entries));
			},
		},
	});
}

function explainMigrationError(error: unknown): unknown {
	const newer =
		error instanceof Error &&
		/previously executed migration (\S+) is missing/.exec(error.message)?.[1];
	return newer ? newerDatabase(newer) : error;
}

function newerDatabase(migration: string): Error {
	return new Error(
		`The database is newer than this version of MCP Go-Live: it has migration ${migration}, which this version does not know. Start a version that does, or give this one a database of its own.`,
	);
}
