import { type Expression, type SqlBool, sql } from "kysely";
import { canonicalAddress } from "../../core/canonical-address.ts";
import type {
	AccessToken,
	AccessTokenFilter,
} from "../../features/tokens/schema.ts";
import type { Database } from "../../platform/postgres/database.ts";
import type { Person } from "../identity.ts";
import { findPeople } from "../people/queries.ts";

/** The owner of a token: a person, or the group responsible for a service. */
export type TokenOwner = Pick<Person, "subject"> | { service_owner: string };

/** Lists a page of tokens, newest first, starting after the last one the caller has seen. */
export async function listTokens(
	db: Database,
	filter: Omit<AccessTokenFilter, "owner"> & {
		/** A person, everybody with this e-mail address, or absent for anybody. */
		owner: TokenOwner | { email: string } | undefined;
	},
	ownerDays: number,
): Promise<AccessToken[]> {
	const { owner, state, limit, after } = filter;
	let query = selectTokens(db, ownerDays)
		.orderBy("token.created_at", "desc")
		.orderBy("token.id", "desc")
		.limit(limit);
	if (state !== "all") {
		query = query.where(
			state === "living" ? isLiving : sql<boolean>`not (${isLiving})`,
		);
	}
	const condition = owner && (await isOf(db, owner));
	if (condition) query = query.where(condition);
	if (after !== undefined) {
		// The position of another person's token would reveal when it was created.
		query = query.where(
			sql<boolean>`(token.created_at, token.id) < (
				select token.created_at, token.id from access_tokens as token
				where token.id = ${after} and ${condition ?? sql`true`}
			)`,
		);
	}
	return query.execute();
}

/**
 * Finds one token.
 *
 * @param owner who must own it; absent for anybody
 */
export async function findTokenById(
	db: Database,
	id: string,
	owner: TokenOwner | undefined,
	ownerDays: number,
): Promise<AccessToken | undefined> {
	let query = selectTokens(db, ownerDays).where("token.id", "=", id);
	if (owner) query = query.where(await isOf(db, owner));
	return query.executeTakeFirst();
}

function selectTokens(db: Database, ownerDays: number) {
	return db
		.selectFrom("access_tokens as token")
		.leftJoin("people as person", "person.subject", "token.owner_subject")
		.select(tokenColumns(ownerDays));
}

async function isOf(
	db: Database,
	owner: TokenOwner | { email: string },
): Promise<Expression<SqlBool>> {
	if ("subject" in owner) {
		return sql<boolean>`token.owner_subject = ${owner.subject}`;
	}
	if ("service_owner" in owner) {
		return sql<boolean>`token.service_owner = ${owner.service_owner}`;
	}
	const subjects = (await findPeople(db, owner.email)).map(
		({ subject }) => subject,
	);
	return sql<boolean>`(token.owner_subject = any(${subjects}) or token.service_owner = ${canonicalAddress(owner.email) ?? owner.email})`;
}

/**
 * Returns the columns shown of a token, for a query that calls its owner `person`, if a person owns
 * it.
 *
 * @param ownerDays days without signing in after which it sleeps
 */
export function tokenColumns(ownerDays: number) {
	return [
		"token.id",
		"token.name",
		sql<string>`coalesce(person.email, token.service_owner)`.as("owner"),
		sql<
			AccessToken["kind"]
		>`case when token.service_owner is null then 'personal' else 'service' end`.as(
			"kind",
		),
		"token.scopes",
		"token.created_at",
		"token.expires_at",
		sql<string | null>`person.seen_at + make_interval(days => ${ownerDays})`.as(
			"sleeps_at",
		),
		"token.last_used_at",
		"token.revoked_at",
		"token.revoked_by",
	] as const;
}

/** The condition that a token is valid, asleep or not. */
export const isLiving = sql<boolean>`token.revoked_at is null and token.expires_at > now()`;
