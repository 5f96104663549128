import { sql } from "kysely";
import type { Database } from "../../../platform/postgres/database.ts";

/** The number of requests counted, and for how many more milliseconds they count. */
export interface Counted {
	requests: number;
	remainingMs: number;
}

/** Adds requests to a key; a window that has ended starts again. */
export async function countRequests(
	db: Database,
	key: string,
	requests: number,
	windowMs: number,
): Promise<Counted> {
	const { rows } = await sql<Counted>`
		insert into rate_limits as known (key, ends_at, requests)
		values (${key}, now() + ${windowMs} * interval '1 millisecond', ${requests}::int)
		on conflict on constraint limits_pkey do update set
			requests = case when known.ends_at <= now() then excluded.requests else known.requests + excluded.requests end,
			ends_at = case when known.ends_at <= now() then excluded.ends_at else known.ends_at end
		returning requests, extract(epoch from ends_at - now())::float8 * 1000 as "remainingMs"`.execute(
		db,
	);
	return rows[0] as Counted;
}

/** Deletes windows that have ended; rows locked by another instance are left to it. */
export async function forgetPastWindows(db: Database): Promise<void> {
	await sql`
		delete from rate_limits where key in (
			select key from rate_limits where ends_at <= now() for update skip locked
		)`.execute(db);
}
