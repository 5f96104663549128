import type { FastifyBaseLogger } from "fastify";
import type { Database } from "../platform/postgres/database.ts";
import { eraseAddresses } from "./address-queries.ts";

/** Milliseconds between two looks at what is to be erased. */
const INTERVAL = 60 * 60 * 1000;

/**
 * Erases the audit log's network addresses when their time is over: now, and
 * then every hour. What fails is tried again the next time, and the log says so.
 *
 * @param days for which they are kept
 * @returns ends it
 */
export function eraseAddressesInTime(
	db: Database,
	log: Pick<FastifyBaseLogger, "info" | "warn">,
	days: number,
): () => void {
	const erase = async () => {
		try {
			const erased = await eraseAddresses(db, days);
			if (erased > 0) log.info({ erased }, "old network addresses erased");
		} catch (error) {
			log.warn({ err: error }, "old network addresses are not erased");
		}
	};
	void erase();
	const timer = setInterval(erase, INTERVAL).unref();
	return () => clearInterval(timer);
}
