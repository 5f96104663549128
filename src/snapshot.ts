import { sql } from "kysely";
import { connectionsOpened } from "./pool.ts";
import { prepareStatement } from "./prepared.ts";
import { readOnce } from "./read-together.ts";

/**
 * Names what can be read now: which transactions have ended. As long as it is
 * the same, nothing at all was written, by whomever, and whatever was read
 * after it was first seen is still true.
 *
 * A database that crashes can use a transaction's number again; every
 * connection is a new one then, so these are counted too.
 */
export const readSnapshot = readOnce<void, string>(async (db) => {
	const connections = connectionsOpened();
	const [row] = await snapshotStatement(db, {});
	return `${connections} ${row?.snapshot}`;
});

const snapshotStatement = prepareStatement<object, { snapshot: string }>((db) =>
	db.selectNoFrom(sql<string>`pg_current_snapshot()::text`.as("snapshot")),
);
