import { hash } from "node:crypto";
import { type Origin, originOf } from "../../audit/rules.ts";
import type { Context } from "../../procedure.ts";
import { badToken } from "../identity.ts";
import { endAndRecord } from "./end.ts";
import {
	findProviderSession,
	keepLogouts,
	keepLogoutToken,
} from "./logout-queries.ts";
import type { LogoutToken } from "./logout-token.ts";

/**
 * Ends the sessions that a verified logout token refers to, once; earlier access tokens of the
 * provider, and the streams they opened, end with them.
 *
 * @returns how many sessions were ended
 * @throws TRPCError UNAUTHORIZED when the token was used before
 */
export async function logOut(
	context: Context,
	{ issuer, jti, sid, subject, issuedAt: at }: LogoutToken,
): Promise<number> {
	// Nobody is signed in here: the provider says so, and proves it.
	const origin: Origin = { ...originOf(context), method: "oidc" };
	const which = { issuer, sid, subject };
	const ended = await context.db.transaction().execute(async (tx) => {
		if (!(await keepLogoutToken(tx, hash("sha256", `${issuer} ${jti}`)))) {
			throw badToken("The logout token has already been used.");
		}
		const known =
			subject === undefined && sid !== undefined
				? await findProviderSession(tx, issuer, sid)
				: [subject];
		// A session unknown here may still be named by a token.
		const subjects = known.length > 0 ? known : [undefined];
		await keepLogouts(
			tx,
			subjects.map((subject) => ({ issuer, subject, sid, at })),
		);
		return endAndRecord(tx, which, origin, undefined, {
			by: "the identity provider",
		});
	});
	context.log.info({ sessions: ended.length }, "signed out by the provider");
	return ended.length;
}
