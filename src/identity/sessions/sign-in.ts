import { randomBytes } from "node:crypto";
import { recordEvent } from "../../audit/queries.ts";
import { recordRefusal } from "../../audit/refusals.ts";
import { originOf } from "../../audit/rules.ts";
import type { Context } from "../../procedure.ts";
import { claimReports } from "../claim-reports.ts";
import type { ShownPerson } from "../claims.ts";
import { grant, type ProvenIdentity } from "../identity.ts";
import { hashSecret } from "../own-tokens.ts";
import { savePerson } from "../people/queries.ts";
import { deletePastSessions, endSessions, insertSession } from "./queries.ts";

/**
 * Creates a session for a person whom the identity provider has just identified. Its secret is new
 * each time, so that nobody can have planted it.
 *
 * @param providerSession the provider's id of the session, if given
 * @param former the secret of the browser's previous session, which ends
 * @returns the secret of the new session (256 random bits, safe in a cookie), and the identity
 */
export async function signIn(
	context: Context,
	shown: ShownPerson,
	providerSession: string | null,
	former: string | undefined,
): Promise<{ secret: string; identity: ProvenIdentity }> {
	const { db, log, client, settings } = context;
	const secret = randomBytes(32).toString("base64url");
	const identity = await db.transaction().execute(async (tx) => {
		const person = {
			...(await savePerson(tx, shown)),
			kind: "person" as const,
		};
		const permissions = grant(person);
		const identity = { ...person, method: "session" as const, permissions };
		if (former) await endSessions(tx, { secret: hashSecret(former) });
		await deletePastSessions(tx);
		const session = {
			session_sha256: hashSecret(secret),
			subject: person.subject,
			client,
			provider_session: providerSession,
		};
		await insertSession(tx, session, settings);
		const origin = originOf({ ...context, identity });
		await claimReports(tx, person, origin);
		await recordEvent(tx, origin, {
			action: "signed_in",
			after: { roles: person.roles.join(" ") },
		});
		return identity;
	});
	log.info("signed in");
	return { secret, identity };
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
 * Records that a sign-in failed; the person is unknown.
 *
 * @param reason in a few fixed words, which the audit log stores
 * @param detail the sentence on the page, for the operator
 */
export async function refuseSignIn(
	context: Context,
	reason: string,
	detail: string,
): Promise<void> {
	const { log } = context;
	await recordRefusal(
		context,
		{ action: "sign_in_failed" },
		{ detail: reason },
	);
	log.warn({ reason, detail }, "sign-in refused");
}
