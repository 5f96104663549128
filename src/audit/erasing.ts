import type { FastifyBaseLogger } from "fastify";
import type { Database } from "../platform/postgres/database.ts";
import { eraseAddresses } from "./address-queries.ts";

/** Milliseconds between two runs. */
const INTERVAL = 60 * 60 * 1000;

/**
 * Erases the audit log's network addresses when their retention ends: now, and then every hour. A
 * failed run is logged and retried at the next one.
 *
 * @param days how long addresses are kept
 * @returns a function that stops it
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
			log.warn({ err: error }, "old network addresses could not be erased");
		}
	};
	void erase();
	const timer = setInterval(erase, INTERVAL).unref();
	return () => clearInterval(timer);
}
