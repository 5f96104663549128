import { sql } from "kysely";
import type { Database } from "../platform/postgres/database.ts";

/** Addresses that are erased with one statement. */
const BATCH = 10_000;

/** The key with which addresses are hashed; `undefined` when somebody removed it. */
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
 * Erases the network addresses that stand beside rows which are older than this.
 * The rows keep their hashes, and prove as before.
 *
 * @returns how many
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
							// As they came, so that no index by time is needed.
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
