import { randomBytes } from "node:crypto";
import type { Person } from "../identity.ts";
import { savePerson } from "../people/queries.ts";
import { hashSecret } from "../tokens/rules.ts";
import type { Context } from "../trpc.ts";
import {
	deleteExpiredSessions,
	deleteSession,
	insertSession,
} from "./queries.ts";

/**
 * Begins a session of somebody whom the identity provider has just recognised.
 * Its secret is new each time, so that nobody can have prepared it.
 *
 * @param former the secret of the browser's session until now, which ends
 * @returns the secret of the new one: 256 random bits that can stand in a cookie
 */
export async function signIn(
	{ db, log }: Context,
	person: Person,
	former: string | undefined,
): Promise<string> {
	const secret = randomBytes(32).toString("base64url");
	await db.transaction().execute(async (tx) => {
		await savePerson(tx, person);
		if (former) await deleteSession(tx, hashSecret(former));
		await deleteExpiredSessions(tx);
		await insertSession(tx, {
			session_sha256: hashSecret(secret),
			subject: person.subject,
		});
	});
	log.info("signed in");
	return secret;
}

/** Ends a session. */
export async function signOut(
	{ db, log }: Context,
	secret: string,
): Promise<void> {
	await deleteSession(db, hashSecret(secret));
	log.info("signed out");
}

/**
 * Remembers that somebody could not sign in; nobody knows who it was.
 *
 * @param reason in a few fixed words: it stands in the log
 */
export async function refuseSignIn(
	{ log }: Context,
	reason: string,
): Promise<void> {
	log.warn({ reason }, "sign-in refused");
}
