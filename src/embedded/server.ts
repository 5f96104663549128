import { execFileSync } from "node:child_process";
import { readFileSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { clusterIn, databaseUser, readPassword } from "./folder.ts";

/**
 * Finds the server that runs on DATA_DIR now, whoever started it.
 *
 * A `postmaster.pid` that names no such server is removed where PostgreSQL would stumble over it: process ids are given out again, in containers within seconds.
 */
export function findServer(
	dataDir: string,
): { pid: number; port: number } | undefined {
	const file = join(clusterIn(dataDir), "postmaster.pid");
	const seen = readLockFile(file);
	if (seen === undefined) return undefined;
	const [pid, , , port] = seen.split("\n").map(Number);
	if (pid && port && isServer(dataDir, pid)) return { pid, port };
	const isBeingWritten = !pid && Date.now() - statSync(file).mtimeMs < 5_000;
	// Read again: another start may just have replaced it.
	if (!isBeingWritten && readLockFile(file) === seen) unlinkSync(file);
	return undefined;
}

/** Stops a server of DATA_DIR and waits until it has ended: politely, then without ceremony. */
export async function stopServer(dataDir: string, pid: number): Promise<void> {
	for (const [signal, patience] of [
		["SIGINT", 8_000],
		["SIGQUIT", 6_000],
	] as const) {
		const until = Date.now() + patience;
		if (isServer(dataDir, pid)) process.kill(pid, signal);
		while (Date.now() < until) {
			if (!isServer(dataDir, pid)) return;
			await wait(20);
		}
	}
	throw new Error(
		`PostgreSQL (process ${pid}) on DATA_DIR ${dataDir} does not stop. Stop that process.`,
	);
}

/** The URL of one database of the server on `port`. */
export function addressOf(
	dataDir: string,
	port: number,
	database: string,
): string {
	const password = readPassword(dataDir);
	// Said explicitly, because a PGSSLMODE meant for another server counts too.
	return `postgresql://${databaseUser}:${password}@127.0.0.1:${port}/${database}?sslmode=disable`;
}

/**
 * Asks for the lock that a live service holds as long as it lives: it tells that service's server from one that a killed service left behind.
 *
 * @returns the connection that holds it; "taken" when a live service has it; undefined when the server does not answer (yet, or any more)
 */
export async function takeLock(
	dataDir: string,
	port: number,
): Promise<pg.Client | "taken" | undefined> {
	const client = new pg.Client({
		connectionString: addressOf(dataDir, port, "postgres"),
		connectionTimeoutMillis: 5_000,
	});
	// A server that goes away is noticed where it is used, in the pool.
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
 * Keeps the lock while `isWanted`, without keeping the process alive.
 *
 * A server that recovers from a crash of its own ends all connections and lives on: then the lock is taken again.
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
			await wait(500, undefined, { ref: false });
			const next = await takeLock(dataDir, port).catch(() => undefined);
			if (next && next !== "taken")
				return keepLock(next, dataDir, port, isWanted);
		}
	});
}

// Any number, as long as it stays the same.
const lockKey = 7_216_459_103;

function readLockFile(file: string) {
	try {
		return readFileSync(file, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
}

// Only a server has our folder among its arguments; an ended one has none.
function isServer(dataDir: string, pid: number) {
	try {
		if (process.platform === "linux")
			return readFileSync(`/proc/${pid}/cmdline`, "utf8")
				.split("\0")
				.includes(clusterIn(dataDir));
		return execFileSync("ps", ["-ww", "-o", "args=", "-p", String(pid)], {
			encoding: "utf8",
		}).includes(`-D ${clusterIn(dataDir)} `);
	} catch {
		return false;
	}
}
