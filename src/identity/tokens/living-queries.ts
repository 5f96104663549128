import { sql } from "kysely";
import type { Database } from "../../platform/postgres/database.ts";
import { isLiving, type TokenOwner } from "./list-queries.ts";

/**
 * Counts an owner's valid tokens. Concurrent creation for the same owner waits until this
 * transaction ends, so the number stays true.
 */
export async function countLivingTokens(
	tx: Database,
	owner: TokenOwner,
): Promise<number> {
	const [column, value] =
		"subject" in owner
			? (["owner_subject", owner.subject] as const)
			: (["service_owner", owner.service_owner] as const);
	await lockOwner(tx, value);
	const { living } = await tx
		.selectFrom("access_tokens as token")
		.where(`token.${column}`, "=", value)
		.where(isLiving)
		.select(sql<number>`count(*)::integer`.as("living"))
		.executeTakeFirstOrThrow();
	return living;
}

/**
 * Returns the ids of all valid tokens of some people and locks them: until this transaction ends,
 * nobody changes them or creates others.
 */
export async function lockLivingTokens(
	tx: Database,
	subjects: string[],
): Promise<string[]> {
	for (const subject of subjects.toSorted()) await lockOwner(tx, subject);
	const rows = await tx
		.selectFrom("access_tokens as token")
		.where("token.owner_subject", "in", subjects)
		.where(isLiving)
		.select("token.id")
		.orderBy("token.id")
		.forUpdate()
		.execute();
	return rows.map(({ id }) => id);
}

/**
 * An advisory lock: no constraint counts rows, and a service's group has no row that could be
 * locked.
 */
async function lockOwner(tx: Database, owner: string): Promise<void> {
	await sql`select pg_advisory_xact_lock(hashtextextended(${`access tokens of ${owner}`}, 0))`.execute(
		tx,
	);
}
