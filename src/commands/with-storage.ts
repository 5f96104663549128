import type { Logger } from "pino";
import { type Config, parseConfig } from "../core/config.ts";
import { createLogger } from "../core/logging.ts";
import { progressBar } from "../core/progress-bar.ts";
import { publicError } from "../core/public-error.ts";
import type { Database } from "../platform/postgres/database.ts";
import { openStorage } from "../platform/postgres/storage.ts";
import { openWorkers, type Workers } from "../platform/workers/pool.ts";
import { onInterrupt } from "./shutdown.ts";

/**
 * Runs a function that needs the database but no façade, and closes the database afterwards, also
 * when a signal ends the process. Prints what the function throws on standard error, and exits with
 * 1.
 *
 * @param logTo the log's file descriptor: 2 where standard output carries the answer
 * @param mustExist whether a missing database is an error
 * @param mayBeOlder whether a database of an older version is accepted without migration
 */
export async function withStorage(
	{
		logTo = 1,
		...how
	}: { logTo?: 1 | 2; mustExist?: boolean; mayBeOlder?: boolean },
	run: (opened: {
		db: Database;
		config: Config;
		log: Logger;
		workers: Workers;
	}) => Promise<void>,
): Promise<void> {
	const config = parseConfig();
	const log = createLogger(config.LOG_LEVEL, logTo);
	const workers = openWorkers(log);
	const opening = openStorage(config, log, how);
	const isInterrupted = onInterrupt(workers, opening);
	const { db, close } = await opening;
	try {
		if (isInterrupted()) return;
		await run({ db, config, log, workers });
	} catch (error) {
		if (isInterrupted()) return;
		const { isUnexpected, detail } = publicError(error);
		process.stderr.write(
			`${isUnexpected ? (error as Error).message : detail}\n`,
		);
		process.exitCode = 1;
	} finally {
		workers.close();
		await close();
	}
}

/** Prints progress on standard error, if it is a terminal. */
export function showProgress(done: number, total: number): void {
	if (process.stderr.isTTY) process.stderr.write(progressBar(done, total));
}
