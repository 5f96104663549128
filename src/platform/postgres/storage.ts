import type { Logger } from "pino";
import type { Config } from "../../core/config.ts";
import { type Database, openDatabase } from "./database.ts";
import { type EmbeddedDatabase, startEmbedded } from "./embedded.ts";
import { migrateDatabase, requireVersion } from "./migrations.ts";

/** Milliseconds of migrating after which the operator is told why the start takes so long. */
const QUIET_MILLISECONDS = 3000;

/** An open, migrated database and what to close at the end. */
export interface Storage {
	db: Database;
	/** A description of the database for people. Contains no password. */
	where: string;
	/** Waits for running queries, then closes. */
	close(): Promise<void>;
	/** Closes without waiting for queries; after `close()` it does nothing. */
	abort(): Promise<void>;
}

/**
 * Opens the database that the configuration names, or starts the private one, and migrates it to
 * this version.
 *
 * @param mustExist whether it must already exist with this version: a command that only reads must
 * not create an empty one and find nothing wrong with it
 * @param mayBeOlder whether an older version is also accepted, without migration
 * @throws Error with a message for the operator
 */
export async function openStorage(
	config: Config,
	log: Logger,
	{ mustExist = false, mayBeOlder = false } = {},
): Promise<Storage> {
	const embedded: EmbeddedDatabase | undefined = config.DATABASE_URL
		? undefined
		: await startEmbedded({
				dataDir: config.DATA_DIR ?? "./data",
				isExplicit: config.DATA_DIR !== undefined,
				mustExist,
				onEnd(said) {
					log.fatal({ said }, "the private PostgreSQL has ended");
					// Without it nothing can be answered; a supervisor that restarts us starts both.
					process.exit(1);
				},
			});
	const url = config.DATABASE_URL ?? embedded?.url ?? "";
	const db = openDatabase(url, {
		poolSize: config.DATABASE_POOL_SIZE,
		onLost: (error) => log.warn({ err: error }, "database connection lost"),
	});
	// Building an index over many reports takes longer than a request may.
	const migrating = openDatabase(url, { poolSize: 1, isPatient: true });
	const abort = async () => embedded?.stop();
	const close = async () => {
		await db.destroy();
		await abort();
	};
	const where = embedded?.dataDir ?? withoutPassword(url);
	const patience = setTimeout(() => {
		log.warn(
			"migrating the database is taking long: there is much to do, or another instance is already migrating",
		);
	}, QUIET_MILLISECONDS).unref();
	try {
		if (mustExist) {
			if (!mayBeOlder) await requireVersion(migrating);
		} else {
			const applied = await migrateDatabase(migrating);
			if (applied.length > 0) log.info({ applied }, "database migrated");
		}
		await migrating.destroy();
	} catch (error) {
		await migrating.destroy();
		await close();
		throw explainDatabaseError(error, where);
	} finally {
		clearTimeout(patience);
	}
	return { db, where, close, abort };
}

function withoutPassword(url: string): string {
	const { protocol, host, pathname } = new URL(url);
	return `${protocol}//${host}${pathname}`;
}

function explainDatabaseError(error: unknown, where: string): Error {
	const { code, message } = error as { code?: string; message?: string };
	const isConnection =
		code !== undefined && /^(E[A-Z_]+|28\w+|3D000|57P0\d|08\w+)$/.test(code);
	const advice = isConnection
		? ". Check DATABASE_URL, and that PostgreSQL is running there."
		: "";
	// If none of several addresses answered, the error has no message of its own.
	return new Error(
		`Cannot use the database at ${where}: ${message || code}${advice}`,
		{ cause: error },
	);
}
