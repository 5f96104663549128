import { sql } from "kysely";
import type { Database } from "../platform/postgres/database.ts";

/** Addresses erased per statement. */
const BATCH = 10_000;

/** Reads the key with which addresses are hashed; `undefined` when it has been removed. */
export async function readAddressKey(
	db: Database,
): Promise<Buffer | undefined> {
	const row = await db
		.selectFrom("audit_address_key")
		.select("key")
		.executeTakeFirst();
	return row?.key;
}

/**
 * Erases the network addresses stored beside rows older than the given time. The rows keep their
 * address hashes, so the chain can still be verified.
 *
 * @returns the number of addresses erased
 */
export async function eraseAddresses(
	db: Database,
	days: number,
): Promise<number> {
	let erased = 0;
	for (;;) {
		const { numDeletedRows } = await db
			.deleteFrom("audit_addresses")
			.where("seq", "in", (eb) =>
				eb
					.selectFrom((from) =>
						from
							.selectFrom("audit_addresses")
							.select(["seq", "time"])
							// In insertion order, so that no index on time is needed.
							.orderBy("seq")
							.limit(BATCH)
							.as("oldest"),
					)
					.select("oldest.seq")
					.where(
						"oldest.time",
						"<",
						sql<string>`now() - make_interval(days => ${days})`,
					),
			)
			.executeTakeFirstOrThrow();
		erased += Number(numDeletedRows);
		if (numDeletedRows < BATCH) return erased;
	}
}
