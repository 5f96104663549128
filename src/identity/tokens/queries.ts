import { sql } from "kysely";
import { originColumns } from "../../audit/queries.ts";
import type { Origin } from "../../audit/rules.ts";
import type { Permission } from "../../core/words.ts";
import type {
	AccessToken,
	NewAccessToken,
} from "../../features/tokens/schema.ts";
import type { Database } from "../../platform/postgres/database.ts";
import type { Person } from "../identity.ts";
import { isLiving, type TokenOwner, tokenColumns } from "./list-queries.ts";

/** Stores a token's hash with its scopes, and records it. */
export async function insertToken(
	db: Database,
	owner: TokenOwner,
	token: Omit<NewAccessToken, "scopes"> & {
		token_sha256: string;
		scopes: Permission[];
	},
	origin: Origin,
	ownerDays: number,
): Promise<AccessToken> {
	const isService = "service_owner" in owner;
	return db
		.with("token", (tx) =>
			tx
				.insertInto("access_tokens")
				.values({
					owner_subject: isService ? null : owner.subject,
					service_owner: isService ? owner.service_owner : null,
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
							sql<string>`jsonb_strip_nulls(jsonb_build_object('name', name,
								'service_owner', service_owner,
								'scopes', array_to_string(scopes, ' '),
								'expires_at', to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))`.as(
								"after",
							),
						]),
				),
		)
		.selectFrom("token")
		.leftJoin("people as person", "person.subject", "token.owner_subject")
		.select(tokenColumns(ownerDays))
		.executeTakeFirstOrThrow();
}

/**
 * Revokes tokens permanently, and records each; tokens revoked earlier stay unchanged.
 *
 * @param which several only if this transaction has locked them: it records one before it locks the
 * next
 * @param which.owner who must own them; absent for anybody
 * @returns the revoked tokens
 */
export async function revokeTokens(
	db: Database,
	which: { ids: string[]; owner?: Pick<Person, "subject"> | undefined },
	revokedBy: string,
	origin: Origin,
	ownerDays: number,
): Promise<AccessToken[]> {
	return db
		.with("present", (tx) => {
			const present = tx
				.selectFrom("access_tokens")
				.select(["id", "revoked_at"])
				.where(sql<boolean>`id = any(${which.ids}::uuid[])`);
			return (
				which.owner
					? present.where("owner_subject", "=", which.owner.subject)
					: present
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
						.leftJoin("people", "people.subject", "token.owner_subject")
						.where("revoked_before", "is", null)
						.select(
							originColumns.map((column) => eb.val(origin[column]).as(column)),
						)
						.select([
							sql.lit("token_revoked").as("action"),
							sql<string>`token.id::text`.as("target"),
							sql<string>`jsonb_build_object('name', token.name, 'owner', coalesce(people.email, token.service_owner))`.as(
								"after",
							),
						]),
				),
		)
		.selectFrom("token")
		.leftJoin("people as person", "person.subject", "token.owner_subject")
		.select(tokenColumns(ownerDays))
		.execute();
}

/**
 * Finds the owner of a token, its scopes, and whether it is asleep; `undefined` if it is unknown,
 * expired or revoked.
 */
export async function findToken(
	db: Database,
	tokenSha256: string,
	ownerDays: number,
): Promise<
	| ({ token_id: string; scopes: Permission[]; is_asleep: boolean } & (
			| { owner: Person; service_owner: null }
			| { owner: null; service_owner: string }
	  ))
	| undefined
> {
	const found = await db
		.selectFrom("access_tokens as token")
		.leftJoin("people as person", "person.subject", "token.owner_subject")
		.where("token.token_sha256", "=", tokenSha256)
		.where(isLiving)
		// Tokens of people who signed in under an invalid address sleep until they sign in again.
		.where((eb) =>
			eb.or([
				eb("person.email_canonical", "is not", null),
				eb("token.service_owner", "is not", null),
			]),
		)
		.select([
			"person.subject",
			"person.email",
			"person.email_canonical",
			"person.name",
			"person.roles",
			"token.service_owner",
			"token.id as token_id",
			"token.scopes",
		])
		.select(
			sql<boolean>`coalesce(person.seen_at + make_interval(days => ${ownerDays}) <= now(), false)`.as(
				"is_asleep",
			),
		)
		.executeTakeFirst();
	if (!found) return undefined;
	const { service_owner, token_id, scopes, is_asleep, ...person } = found;
	const token = { token_id, scopes, is_asleep };
	// A constraint guarantees that one of the two is set.
	return service_owner === null
		? { ...token, service_owner, owner: person as Person }
		: { ...token, service_owner, owner: null };
}

/** Stores that a token was used, at most once a minute. */
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
