import { type NotNull, sql } from "kysely";
import { canonicalAddress } from "../../core/canonical-address.ts";
import type { Database } from "../../platform/postgres/database.ts";
import type { ShownPerson } from "../claims.ts";
import type { Person } from "../identity.ts";

const personColumns = [
	"subject",
	"email",
	"email_canonical",
	"name",
	"roles",
] as const;

/**
 * Stores what the identity provider says about a person who is signing in.
 *
 * @returns the person, with the known roles if the provider mentioned none
 */
export async function savePerson(
	db: Database,
	{ roles, ...shown }: ShownPerson,
): Promise<Person> {
	return db
		.insertInto("people")
		.values({ ...shown, roles: roles ?? [] })
		.onConflict((conflict) =>
			conflict.column("subject").doUpdateSet({
				email: shown.email,
				email_canonical: shown.email_canonical,
				name: shown.name,
				...(roles && { roles }),
				seen_at: sql<string>`now()`,
			}),
		)
		.returning(personColumns)
		.$narrowType<{ email_canonical: NotNull }>()
		.executeTakeFirstOrThrow();
}

/**
 * Returns the current state of a person to whom a token of the identity provider refers. What a
 * newer token says is stored once, and from then on applies to sessions and access tokens; an older
 * token does not restore a role that was removed since.
 *
 * @param issuedAt in whole seconds since 1970, as providers give it
 */
export async function meetPerson(
	db: Database,
	shown: ShownPerson,
	issuedAt: number,
): Promise<Person> {
	const known = await db
		.selectFrom("people")
		.where("subject", "=", shown.subject)
		.select("roles")
		.select(
			sql<number>`floor(extract(epoch from seen_at))::float8`.as("seen_at"),
		)
		.executeTakeFirst();
	// A token without roles neither changes nor outdates the known ones.
	if (known && !shown.roles) return { ...shown, roles: known.roles };
	const person = { ...shown, roles: shown.roles ?? [] };
	if (!known || known.seen_at < Math.floor(issuedAt)) {
		// Without roles, time 0: any token with roles is then newer.
		await keepNewer(db, person, shown.roles ? issuedAt : 0);
		return person;
	}
	return known.seen_at > issuedAt
		? {
				...person,
				roles: person.roles.filter((role) => known.roles.includes(role)),
			}
		: person;
}

/** Stores the newer of two tokens, also if they arrive at the same time. */
async function keepNewer(
	db: Database,
	{ subject, ...person }: Person,
	issuedAt: number,
): Promise<void> {
	const seen_at = sql<string>`to_timestamp(${issuedAt})`;
	await db
		.insertInto("people")
		.values({ subject, ...person, seen_at })
		.onConflict((conflict) =>
			conflict
				.column("subject")
				.doUpdateSet({ ...person, seen_at })
				.where("people.seen_at", "<", seen_at),
		)
		.execute();
}

/** Finds everybody who has signed in with this e-mail address, however it is spelled. */
export async function findPeople(
	db: Database,
	email: string,
): Promise<Person[]> {
	const canonical = canonicalAddress(email);
	if (canonical === undefined) return [];
	return db
		.selectFrom("people")
		.select(personColumns)
		.where("email_canonical", "=", canonical)
		.$narrowType<{ email_canonical: NotNull }>()
		.execute();
}

/**
 * Finds everybody whom a name refers to: a subject is one person, and an e-mail address everybody
 * who has signed in with it. Subjects contain a space, and addresses never do.
 */
export async function findNamed(
	db: Database,
	name: string,
): Promise<Pick<Person, "subject" | "email">[]> {
	if (!name.includes(" ")) return findPeople(db, name);
	return db
		.selectFrom("people")
		.select(["subject", "email"])
		.where("subject", "=", name)
		.execute();
}
