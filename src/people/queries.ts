import { sql } from "kysely";
import type { Database } from "../database.ts";
import type { Person } from "../identity.ts";

/** Keeps what the identity provider just said of somebody. */
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
