import { type NotNull, sql } from "kysely";
import { originColumns } from "../audit/queries.ts";
import type { Origin } from "../audit/rules.ts";
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

/** Stores a token's hash, with what it may be used for, and records it. */
export async function insertToken(
	db: Database,
	owner: Pick<Person, "subject">,
	token: NewAccessToken & { token_sha256: string },
	origin: Origin,
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
		.with("recorded", (tx) =>
			tx
				.insertInto("audit_log")
				.columns([...originColumns, "action", "target", "after"])
				.expression((eb) =>
					eb
						.selectFrom("token")
						.select(
							originColumns.map((column) => eb.val(origin[column]).as(column)),
						)
						.select([
							sql.lit("token_created").as("action"),
							sql<string>`id::text`.as("target"),
							sql<string>`jsonb_build_object('name', name,
								'scopes', array_to_string(scopes, ' '),
								'expires_at', to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))`.as(
								"after",
							),
						]),
				),
		)
		.selectFrom("token")
		.innerJoin("people as person", "person.subject", "token.owner_subject")
		.select(tokenColumns)
		.executeTakeFirstOrThrow();
}

/**
 * Tokens of one person, or of everybody: those that still count, then those that
 * ended, each newest first. So no number of ended ones hides one that counts.
 */
export async function listTokens(
	db: Database,
	owner: Pick<Person, "subject"> | undefined,
): Promise<AccessToken[]> {
	let query = db
		.selectFrom("access_tokens as token")
		.innerJoin("people as person", "person.subject", "token.owner_subject")
		.select(tokenColumns)
		.orderBy(sql`token.revoked_at is null and token.expires_at > now()`, "desc")
		.orderBy("token.created_at", "desc")
		.orderBy("token.id", "desc")
		.limit(MAX_TOKENS);
	if (owner) query = query.where("owner_subject", "=", owner.subject);
	return query.execute();
}

/**
 * Ends a token for ever, and records it; one that was revoked before stays as it was.
 *
 * @param owner whose it must be; absent: anybody's
 * @returns the token, or `undefined` when there is no such one
 */
export async function revokeToken(
	db: Database,
	id: string,
	revokedBy: string,
	owner: Pick<Person, "subject"> | undefined,
	origin: Origin,
): Promise<AccessToken | undefined> {
	return db
		.with("present", (tx) => {
			const present = tx
				.selectFrom("access_tokens")
				.select(["id", "revoked_at"])
				.where("id", "=", id);
			return (
				owner ? present.where("owner_subject", "=", owner.subject) : present
			).forUpdate();
		})
		.with("token", (tx) =>
			tx
				.updateTable("access_tokens as changed")
				.from("present")
				.set({
					revoked_at: sql<string>`coalesce(changed.revoked_at, now())`,
					revoked_by: sql<string>`coalesce(changed.revoked_by, ${revokedBy})`,
				})
				.whereRef("changed.id", "=", "present.id")
				.returningAll("changed")
				.returning("present.revoked_at as revoked_before"),
		)
		.with("recorded", (tx) =>
			tx
				.insertInto("audit_log")
				.columns([...originColumns, "action", "target", "after"])
				.expression((eb) =>
					eb
						.selectFrom("token")
						.innerJoin("people", "people.subject", "token.owner_subject")
						.where("revoked_before", "is", null)
						.select(
							originColumns.map((column) => eb.val(origin[column]).as(column)),
						)
						.select([
							sql.lit("token_revoked").as("action"),
							sql<string>`token.id::text`.as("target"),
							sql<string>`jsonb_build_object('name', token.name, 'owner', people.email)`.as(
								"after",
							),
						]),
				),
		)
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
	return (
		db
			.selectFrom("access_tokens as token")
			.innerJoin("people as person", "person.subject", "token.owner_subject")
			.where("token.token_sha256", "=", tokenSha256)
			.where("token.revoked_at", "is", null)
			.where("token.expires_at", ">", sql<string>`now()`)
			// Whose owner signed in under what is no address sleeps until they sign in anew.
			.where("person.email_canonical", "is not", null)
			.select([
				"person.subject",
				"person.email",
				"person.email_canonical",
				"person.name",
				"person.roles",
				"token.id as token_id",
				"token.scopes",
			])
			.$narrowType<{ email_canonical: NotNull }>()
			.executeTakeFirst()
	);
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
