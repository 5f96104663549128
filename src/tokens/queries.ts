import { sql } from "kysely";
import type { Database } from "../database.ts";
import type { Permission, Person } from "../identity.ts";
import { type AccessToken, MAX_TOKENS, type NewAccessToken } from "./schema.ts";

const tokenColumns = [
	"token.id",
	"token.name",
	"person.email as owner",
	"token.scopes",
	"token.created_at",
	"token.expires_at",
	"token.last_used_at",
	"token.revoked_at",
	"token.revoked_by",
] as const;

/** Stores a token's hash, with what it may be used for. */
export async function insertToken(
	db: Database,
	owner: Pick<Person, "subject">,
	token: NewAccessToken & { token_sha256: string },
): Promise<AccessToken> {
	return db
		.with("token", (tx) =>
			tx
				.insertInto("access_tokens")
				.values({
					owner_subject: owner.subject,
					name: token.name,
					token_sha256: token.token_sha256,
					scopes: [...new Set(token.scopes)],
					expires_at: sql<string>`now() + make_interval(days => ${token.expires_in_days})`,
				})
				.returningAll(),
		)
		.selectFrom("token")
		.innerJoin("people as person", "person.subject", "token.owner_subject")
		.select(tokenColumns)
		.executeTakeFirstOrThrow();
}

/** Tokens, newest first; of one person, or of everybody. */
export async function listTokens(
	db: Database,
	owner: Pick<Person, "subject"> | undefined,
): Promise<AccessToken[]> {
	let query = db
		.selectFrom("access_tokens as token")
		.innerJoin("people as person", "person.subject", "token.owner_subject")
		.select(tokenColumns)
		.orderBy("token.created_at", "desc")
		.orderBy("token.id", "desc")
		.limit(MAX_TOKENS);
	if (owner) query = query.where("owner_subject", "=", owner.subject);
	return query.execute();
}

/**
 * Ends a token for ever; one that was revoked before stays as it was.
 *
 * @param owner whose it must be; absent: anybody's
 * @returns the token, or `undefined` when there is no such one
 */
export async function revokeToken(
	db: Database,
	id: string,
	revokedBy: string,
	owner: Pick<Person, "subject"> | undefined,
): Promise<AccessToken | undefined> {
	return db
		.with("token", (tx) => {
			const update = tx
				.updateTable("access_tokens")
				.set({
					revoked_at: sql<string>`coalesce(revoked_at, now())`,
					revoked_by: sql<string>`coalesce(revoked_by, ${revokedBy})`,
				})
				.where("id", "=", id);
			return (
				owner ? update.where("owner_subject", "=", owner.subject) : update
			).returningAll();
		})
		.selectFrom("token")
		.innerJoin("people as person", "person.subject", "token.owner_subject")
		.select(tokenColumns)
		.executeTakeFirst();
}

/** For whom a token acts, and how far; `undefined` for one that is unknown, at its end or revoked. */
export async function findTokenOwner(
	db: Database,
	tokenSha256: string,
): Promise<(Person & { token_id: string; scopes: Permission[] }) | undefined> {
	return db
		.selectFrom("access_tokens as token")
		.innerJoin("people as person", "person.subject", "token.owner_subject")
		.where("token.token_sha256", "=", tokenSha256)
		.where("token.revoked_at", "is", null)
		.where("token.expires_at", ">", sql<string>`now()`)
		.select([
			"person.subject",
			"person.email",
			"person.name",
			"person.roles",
			"token.id as token_id",
			"token.scopes",
		])
		.executeTakeFirst();
}

/** Remembers that a token was used; once a minute is often enough. */
export async function markTokenUsed(db: Database, id: string): Promise<void> {
	await db
		.updateTable("access_tokens")
		.set({ last_used_at: sql<string>`now()` })
		.where("id", "=", id)
		.where((eb) =>
			eb.or([
				eb("last_used_at", "is", null),
				eb("last_used_at", "<", sql<string>`now() - interval '1 minute'`),
			]),
		)
		.execute();
}
