import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { databaseUser, readPassword } from "./cluster.ts";

/** Returns the URL of one database of the server on `port`. */
export function addressOf(
	dataDir: string,
	port: number,
	database: string,
): string {
	const password = readPassword(dataDir);
	// Explicit, because a PGSSLMODE meant for another server would apply, too.
	return `postgresql://${databaseUser}:${password}@127.0.0.1:${port}/${database}?sslmode=disable`;
}

/**
 * Tries to take the lock that a live service holds: it distinguishes that service's server from one
 * left behind by a killed service.
 *
 * @returns the connection that holds it; "taken" when a live service has it; undefined when the
 * server does not answer (yet, or any more)
 */
export async function takeLock(
	dataDir: string,
	port: number,
): Promise<pg.Client | "taken" | undefined> {
	const client = new pg.Client({
		connectionString: addressOf(dataDir, port, "postgres"),
		connectionTimeoutMillis: 5_000,
	});
	// The pool will notice a server that goes away.
	client.on("error", () => {});
	try {
		await client.connect();
		const { rows } = await client.query(
			"SELECT pg_try_advisory_lock($1) AS held",
			[lockKey],
		);
		if (rows[0].held) return client;
		await client.end();
		return "taken";
	} catch (cause) {
		void client.end().catch(() => {});
		if ((cause as { code?: string }).code !== "28P01") return undefined;
		throw new Error(
			`The file postgres/password in DATA_DIR ${dataDir} is not the password of its PostgreSQL. Put the right one back, or set DATA_DIR to another folder.`,
			{ cause },
		);
	}
}

/**
 * Holds the lock while `isWanted`, without keeping the process alive.
 *
 * A server that recovers from a crash closes all connections and keeps running: then the lock is
 * taken again.
 */
export function keepLock(
	lock: pg.Client,
	dataDir: string,
	port: number,
	isWanted: () => boolean,
): void {
	(lock as pg.Client & { unref(): void }).unref(); // Missing in its types.
	lock.once("end", async () => {
		while (isWanted()) {
			await wait(100, undefined, { ref: false });
			const next = await takeLock(dataDir, port).catch(() => undefined);
			if (next && next !== "taken")
				return keepLock(next, dataDir, port, isWanted);
		}
	});
}

// Any number, as long as it never changes.
const lockKey = 7_216_459_103;
