import { sql } from "kysely";
import { prepareStatement } from "./prepared.ts";
import { readOnce } from "./read-together.ts";

/**
 * Returns a name for what can currently be read: the set of ended transactions. While it stays the
 * same, nothing at all was written to this PostgreSQL by anybody, and whatever was read after it
 * was first seen is still true.
 */
export const readSnapshot = readOnce<void, string>(async (db) => {
	const [row] = await snapshotStatement(db, {});
	if (!row) throw new Error("a select without a table has one row");
	return row.snapshot;
});

const snapshotStatement = prepareStatement<object, { snapshot: string }>((db) =>
	db.selectNoFrom(
		// After a crash, numbers of transactions that ended without a trace are given
		// again. The statistics are begun anew then; another server began at another time.
		sql<string>`concat_ws(' ', pg_current_snapshot(),
			pg_postmaster_start_time(), pg_stat_get_bgwriter_stat_reset_time())`.as(
			"snapshot",
		),
	),
);
