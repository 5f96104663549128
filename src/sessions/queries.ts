import { type NotNull, sql } from "kysely";
import type { Database } from "../database.ts";
import type { Person } from "../identity.ts";

/** Hours for which somebody stays signed in to the pages. */
export const SESSION_HOURS = 8;

/** Begins a session of somebody whom `people` knows; only the hash of its secret is kept. */
export async function insertSession(
	db: Database,
	session: { session_sha256: string; subject: string },
): Promise<void> {
	await db
		.insertInto("sessions")
		.values({
			...session,
			expires_at: sql<string>`now() + make_interval(hours => ${SESSION_HOURS})`,
		})
		.execute();
}

/** Whose session it is; `undefined` for one that is unknown or at its end. */
export async function findSessionOwner(
	db: Database,
	sessionSha256: string,
): Promise<Person | undefined> {
	return (
		db
			.selectFrom("sessions as session")
			.innerJoin("people as person", "person.subject", "session.subject")
			.where("session.session_sha256", "=", sessionSha256)
			.where("session.expires_at", ">", sql<string>`now()`)
			// Who signed in under what is no address signs in anew.
			.where("person.email_canonical", "is not", null)
			.select([
				"person.subject",
				"person.email",
				"person.email_canonical",
				"person.name",
				"person.roles",
			])
			.$narrowType<{ email_canonical: NotNull }>()
			.executeTakeFirst()
	);
}

export async function deleteSession(
	db: Database,
	sessionSha256: string,
): Promise<void> {
	await db
		.deleteFrom("sessions")
		.where("session_sha256", "=", sessionSha256)
		.execute();
}

/**
 * Forgets the sessions that ended by themselves; those that another sign-in is
 * deleting are left to it, or two could wait for each other.
 */
export async function deleteExpiredSessions(db: Database): Promise<void> {
	await db
		.deleteFrom("sessions")
		.where("session_sha256", "in", (eb) =>
			eb
				.selectFrom("sessions")
				.where("expires_at", "<=", sql<string>`now()`)
				.select("session_sha256")
				.forUpdate()
				.skipLocked(),
		)
		.execute();
}
