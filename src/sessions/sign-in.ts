import { randomBytes } from "node:crypto";
import { recordEvent } from "../audit/queries.ts";
import { recordRefusal } from "../audit/refusals.ts";
import { originOf } from "../audit/rules.ts";
import { grant, type Person } from "../identity.ts";
import { savePerson } from "../people/queries.ts";
import { hashSecret } from "../tokens/rules.ts";
import type { Context } from "../trpc.ts";
import { deletePastSessions, endSessions, insertSession } from "./queries.ts";
import { nameClient } from "./rules.ts";

/**
 * Begins a session of somebody whom the identity provider has just recognised.
 * Its secret is new each time, so that nobody can have prepared it.
 *
 * @param providerSession what the provider calls the session, if it says so
 * @param former the secret of the browser's session until now, which ends
 * @returns the secret of the new one: 256 random bits that can stand in a cookie
 */
export async function signIn(
	context: Context,
	person: Person,
	providerSession: string | null,
	former: string | undefined,
): Promise<string> {
	const { db, log, client, settings } = context;
	const identity = {
		...person,
		kind: "person" as const,
		method: "session" as const,
		permissions: grant(person),
	};
	const secret = randomBytes(32).toString("base64url");
	await db.transaction().execute(async (tx) => {
		await savePerson(tx, person);
		if (former) await endSessions(tx, { secret: hashSecret(former) });
		await deletePastSessions(tx);
		const session = {
			session_sha256: hashSecret(secret),
			subject: person.subject,
			client: nameClient(client),
			provider_session: providerSession,
		};
		await insertSession(tx, session, settings);
		await recordEvent(tx, originOf({ ...context, identity }), {
			action: "signed_in",
			after: { roles: person.roles.join(" ") },
		});
	});
	log.info("signed in");
	return secret;
}

/** Ends a session. */
export async function signOut(context: Context, secret: string): Promise<void> {
	const { db, log } = context;
	await db.transaction().execute(async (tx) => {
		await endSessions(tx, { secret: hashSecret(secret) });
		await recordEvent(tx, originOf(context), { action: "signed_out" });
	});
	log.info("signed out");
}

/**
 * Remembers that somebody could not sign in; nobody knows who it was.
 *
 * @param reason in a few fixed words: it stands in the log
 */
export async function refuseSignIn(
	context: Context,
	reason: string,
): Promise<void> {
	const { log } = context;
	await recordRefusal(context, { action: "sign_in_failed", detail: reason });
	log.warn({ reason }, "sign-in refused");
}
