import { sql } from "kysely";
import type { Database } from "../platform/postgres/database.ts";
import type { Origin } from "./rules.ts";

/** A read by a signed-in person. */
export interface Read {
	action: "report_read" | "audit_read";
	/** In lower case; `null` for the audit log itself. */
	report_id: string | null;
	origin: Origin;
	/** Time of the read in milliseconds since 1970. */
	at: number;
}

const HOUR = 60 * 60 * 1000;

/** Hours for which recorded reads are remembered: a read that waited longer adds a second row. */
const KEPT_HOURS = 24;

/**
 * Returns the hour of a time, counted from 1970.
 *
 * @param at milliseconds since 1970
 */
export function hourOf(at: number): number {
	return Math.floor(at / HOUR);
}

/**
 * Records reads, except those for which an instance has already recorded the same person, report
 * and hour.
 */
export async function recordReads(db: Database, reads: Read[]): Promise<void> {
	await db.transaction().execute(async (tx) => {
		const fresh = await claimReads(tx, reads);
		if (fresh.length === 0) return;
		// Last: whoever writes the log blocks all others until the commit.
		await tx
			.insertInto("audit_log")
			.values(
				fresh.map(({ action, report_id, origin, at }) => ({
					...origin,
					action,
					report_id,
					target: null,
					before: null,
					after: JSON.stringify({ read_at: new Date(at).toISOString() }),
				})),
			)
			.execute();
	});
}

/** Marks reads as recorded, and returns those that were not yet. */
async function claimReads(tx: Database, reads: Read[]): Promise<Read[]> {
	// The first read of each key, always in the same order, so that two instances cannot deadlock.
	const byKey = new Map(reads.toReversed().map((read) => [keyOf(read), read]));
	const wanted = [...byKey].sort(([one], [other]) => (one < other ? -1 : 1));
	await tx
		.deleteFrom("audit_reads")
		.where("hour", "<", hourOf(Date.now()) - KEPT_HOURS)
		.execute();
	const claimed = await tx
		.insertInto("audit_reads")
		.values(
			wanted.map(([, read]) => ({
				hour: hourOf(read.at),
				reader: read.origin.actor_subject ?? "",
				report_id: read.report_id,
			})),
		)
		.onConflict((conflict) => conflict.doNothing())
		.returning(
			sql<string>`json_build_array(hour, reader, report_id)::text`.as("key"),
		)
		.execute();
	const keys = new Set(
		claimed.map(({ key }) => JSON.stringify(JSON.parse(key))),
	);
	return wanted.flatMap(([key, read]) => (keys.has(key) ? [read] : []));
}

/** Returns the key of an audit row: who read what in which hour. */
function keyOf({ at, origin, report_id }: Read): string {
	return JSON.stringify([hourOf(at), origin.actor_subject, report_id]);
}
