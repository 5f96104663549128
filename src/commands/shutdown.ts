import { constants } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import type { Storage } from "../platform/postgres/storage.ts";
import type { Workers } from "../platform/workers/pool.ts";

/**
 * Seconds that a shutdown waits for running requests, and seconds until the process ends in any
 * case.
 */
const DRAIN_SECONDS = 7;
const SHUTDOWN_SECONDS = 9.5;

/**
 * Ends the process once, on SIGTERM, SIGINT or SIGHUP or when the returned function is called:
 * running requests are finished, or cut off when they take too long, then everything is closed. An
 * uncaught error ends it in the same way, but with exit code 1, since it may have left work half
 * done.
 *
 * @param drain accepts nothing new, and waits for what is running
 * @param opening what is closed last; a start that is still under way is awaited, since it would
 * leave its private PostgreSQL behind otherwise
 */
export function onShutdown(
	log: Logger,
	drain: () => Promise<void>,
	opening: Promise<Storage>,
): () => void {
	let isStopping = false;
	const stop = async (exitCode: 0 | 1) => {
		if (isStopping) return;
		isStopping = true;
		setTimeout(() => process.exit(1), SHUTDOWN_SECONDS * 1000);
		const close = drain()
			.then(() => opening)
			.then((storage) => storage.close());
		const timeIsUp = wait(DRAIN_SECONDS * 1000, true, { ref: false });
		try {
			if (await Promise.race([close, timeIsUp])) {
				log.warn("shutdown took too long; running requests were cut off");
				await (await opening).abort();
			}
			process.exit(exitCode);
		} catch (error) {
			log.error({ err: error }, "shutdown failed");
			await opening.then((storage) => storage.abort()).catch(() => {});
			process.exit(1);
		}
	};
	const stopInOrder = () => void stop(0);
	process.on("SIGTERM", stopInOrder);
	// The terminal was closed: without this, the private PostgreSQL would outlive us.
	process.on("SIGHUP", stopInOrder);
	process.on("SIGINT", stopInOrder);
	// Unhandled promise rejections arrive here, too.
	process.on("uncaughtException", (error) => {
		log.fatal({ err: error }, "uncaught error: the service stops");
		void stop(1);
	});
	return stopInOrder;
}

/** Seconds that an interrupted command waits for its running queries. */
const QUERY_SECONDS = 1;

/**
 * Makes a command that is not a service close its database before it ends, on a signal or an
 * uncaught error. Its work is not finished, so it ends with 128 and the signal's number, as shells
 * report it, or with 1.
 *
 * @param workers closed last: what they refuse would look like a fault of the reports
 * @param opening closed first; a start that is still under way is awaited, as for a service
 * @returns whether the command is being ended: what fails from then on fails because of that
 */
export function onInterrupt(
	workers: Workers,
	opening: Promise<Storage>,
): () => boolean {
	let isStopping = false;
	const stop = async (exitCode: number) => {
		if (isStopping) return;
		isStopping = true;
		setTimeout(() => process.exit(exitCode), SHUTDOWN_SECONDS * 1000);
		try {
			const { close, abort } = await opening;
			await Promise.race([close(), wait(QUERY_SECONDS * 1000)]);
			await abort();
		} finally {
			workers.close();
			process.exit(exitCode);
		}
	};
	for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) {
		process.on(signal, () => void stop(128 + constants.signals[signal]));
	}
	process.on("uncaughtException", (error) => {
		if (!isStopping) process.stderr.write(`${error.message}\n`);
		void stop(1);
	});
	return () => isStopping;
}
