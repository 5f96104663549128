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
