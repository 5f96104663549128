import { sql } from "kysely";
import type { Database } from "../../platform/postgres/database.ts";
import { isLiving, type TokenOwner } from "./list-queries.ts";

/**
 * How many tokens of an owner still count. Whoever else makes one for the same
 * owner waits until this transaction ends, so that what is decided by it holds.
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
 * The ids of all tokens of some people that still count, which nobody else
 * changes, and beside which nobody makes another, until this transaction ends.
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

/** No constraint counts rows, and a service's group has no row of its own to be locked. */
async function lockOwner(tx: Database, owner: string): Promise<void> {
	await sql`select pg_advisory_xact_lock(hashtextextended(${`access tokens of ${owner}`}, 0))`.execute(
		tx,
	);
}
