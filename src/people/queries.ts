import { type NotNull, sql } from "kysely";
import { canonicalAddress } from "../canonical-address.ts";
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
				email_canonical: person.email_canonical,
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
	{ subject, email, email_canonical, name, roles, issuedAt }: ProvenIdentity,
): Promise<void> {
	// Sessions, access tokens of ours and the command line know people from here.
	if (issuedAt === undefined) return;
	const seen_at = sql<string>`to_timestamp(${issuedAt})`;
	const said = { email, email_canonical, name, roles, seen_at };
	await db
		.insertInto("people")
		.values({ subject, ...said })
		.onConflict((conflict) =>
			conflict
				.column("subject")
				.doUpdateSet(said)
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
		.select(["subject", "email", "email_canonical", "name", "roles"])
		.where("email_canonical", "=", canonical)
		.$narrowType<{ email_canonical: NotNull }>()
		.execute();
}
