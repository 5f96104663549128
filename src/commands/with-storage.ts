import type { Logger } from "pino";
import { type Config, parseConfig } from "../core/config.ts";
import { createLogger } from "../core/logging.ts";
import { progressBar } from "../core/progress-bar.ts";
import { publicError } from "../core/public-error.ts";
import type { Database } from "../platform/postgres/database.ts";
import { openStorage } from "../platform/postgres/storage.ts";
import { openWorkers, type Workers } from "../platform/workers/pool.ts";

/**
 * Runs what needs the database and no façade, and closes it. What it throws is
 * said on standard error, and ends the process with 1.
 *
 * @param logTo the log's file descriptor: 2 where standard output is the answer
 * @param mustExist whether a database that is not there is an error
 * @param mayBeOlder whether one from before this version is taken as it is
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
	const { db, close } = await openStorage(config, log, how);
	const workers = openWorkers(log);
	try {
		await run({ db, config, log, workers });
	} catch (error) {
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

/** Says on standard error how far something is; nothing where nobody watches. */
export function showProgress(done: number, total: number): void {
	if (process.stderr.isTTY) process.stderr.write(progressBar(done, total));
}
