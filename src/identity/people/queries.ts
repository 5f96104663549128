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
 * Keeps what the identity provider said of somebody who signs in now.
 *
 * @returns the person, with the roles that were known where it said none
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
 * Who somebody is now, of whom a token of the identity provider speaks. What a
 * newer token says is kept, once, and holds for sessions and access tokens from
 * then on; an older one gives back no role that was taken away since.
 *
 * @param issuedAt in seconds since 1970, as providers tell it: in whole ones
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
	// What says nothing of the roles neither changes nor ages what is known.
	if (known && !shown.roles) return { ...shown, roles: known.roles };
	const person = { ...shown, roles: shown.roles ?? [] };
	if (!known || known.seen_at < Math.floor(issuedAt)) {
		// With a time at which nothing is newer than what says something.
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

/** Of two tokens at the same instant, the newer one stays. */
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

/** Everybody who has signed in with this e-mail address, however it is spelled. */
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
 * Everybody whom a name means: a subject is one person, and an e-mail address
 * whoever has signed in with it. No address holds a space, and every subject does.
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
