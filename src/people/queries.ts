import { sql } from "kysely";
import type { Database } from "../database.ts";
import type { Person, ProvenIdentity } from "../identity.ts";

/** Keeps what the identity provider said of somebody who signs in now. */
export async function savePerson(db: Database, person: Person): Promise<void> {
	await db
		.insertInto("people")
		.values(person)
		.onConflict((conflict) =>
			conflict.column("subject").doUpdateSet({
				email: person.email,
				name: person.name,
				roles: person.roles,
				seen_at: sql<string>`now()`,
			}),
		)
		.execute();
}

/**
 * Keeps who acts with a token of the identity provider, for what is remembered
 * of them. An older token than what is known already changes nothing: it may
 * hold a role that was taken away since.
 */
export async function rememberPerson(
	db: Database,
	{ subject, email, name, roles, issuedAt }: ProvenIdentity,
): Promise<void> {
	// Sessions, access tokens of ours and the command line know people from here.
	if (issuedAt === undefined) return;
	const seen_at = sql<string>`to_timestamp(${issuedAt})`;
	await db
		.insertInto("people")
		.values({ subject, email, name, roles, seen_at })
		.onConflict((conflict) =>
			conflict
				.column("subject")
				.doUpdateSet({ email, name, roles, seen_at })
				.where("people.seen_at", "<", seen_at),
		)
		.execute();
}

/** Everybody who has signed in with this e-mail address. */
export async function findPeople(
	db: Database,
	email: string,
): Promise<Person[]> {
	return db
		.selectFrom("people")
		.select(["subject", "email", "name", "roles"])
		.where(sql<boolean>`lower(email) = lower(${email})`)
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
