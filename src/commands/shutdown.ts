import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import type { Storage } from "../platform/postgres/storage.ts";

/** Seconds that a shutdown waits for what still runs, and until it ends whatever happens. */
const DRAIN_SECONDS = 7;
const SHUTDOWN_SECONDS = 9.5;

/**
 * Ends the process once, on SIGTERM, SIGINT or SIGHUP or when the returned function is
 * called: what runs is finished, or cut off when it takes too long, then
 * everything is closed. An error that nobody caught ends it in the same way,
 * but with exit code 1: nobody knows what it left half done.
 *
 * @param drain takes nothing new, and waits for what runs
 * @param opening what is closed last; a start that is under way is waited for,
 *   or it would leave its private PostgreSQL behind
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
				log.warn("shutdown took too long; what still ran was cut off");
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
	// The terminal was closed: the private PostgreSQL would live on without us.
	process.on("SIGHUP", stopInOrder);
	process.on("SIGINT", stopInOrder);
	// A promise that is rejected while nobody listens comes here, too.
	process.on("uncaughtException", (error) => {
		log.fatal({ err: error }, "an error was not caught: the service ends");
		void stop(1);
	});
	return stopInOrder;
}
