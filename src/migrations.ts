import { readdir, readFile } from "node:fs/promises";
import { type Kysely, sql } from "kysely";
import { Migrator } from "kysely/migration";
import type { Database } from "./database.ts";

const migrationFolder = new URL("../db/migrations/", import.meta.url);

/** Where Kysely's migrator counts the migrations, and the lock it holds meanwhile. */
export const migrationTables = [
	"schema_migrations",
	"schema_migrations_lock",
] as const;
const [migrationTableName, migrationLockTableName] = migrationTables;

/**
 * Brings the database to the version this code knows. Several instances may do
 * so at once: Kysely's migrator holds an advisory lock, in one transaction.
 *
 * @returns the names of the migrations that were applied now
 * @throws Error with a sentence when the database is newer than this code
 */
export async function migrateDatabase(db: Database): Promise<string[]> {
	const migrator = new Migrator({
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
						return [
							file.replace(/\.sql$/, ""),
							{
								up: async (tx: Kysely<unknown>) => {
									await sql.raw(text).execute(tx);
								},
							},
						] as const;
					});
				return Object.fromEntries(await Promise.all(entries));
			},
		},
	});
	const { error, results } = await migrator.migrateToLatest();
	if (error) throw explainMigrationError(error);
	return (results ?? []).map(({ migrationName }) => migrationName);
}

function explainMigrationError(error: unknown): unknown {
	const newer =
		error instanceof Error &&
		/previously executed migration (\S+) is missing/.exec(error.message)?.[1];
	return newer
		? new Error(
				`The database is newer than this version of MCP Go-Live: it holds migration ${newer}, which this version does not know. Start a version that does, or give this one a database of its own.`,
			)
		: error;
}
