import { type JWTPayload, jwtVerify } from "jose";
import type { Config } from "../../core/config.ts";
import { badToken } from "../identity.ts";
import { ALGORITHMS, CLOCK_TOLERANCE, explain, lazyKeys } from "../oidc.ts";

/** Seconds after which a logout token is too old, whatever end it names: it was meant for at once. */
export const MAX_AGE = 10 * 60;

/** What makes a token one that ends sessions (OpenID Connect Back-Channel Logout 1.0, section 2.4). */
const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** Characters of an identifier of the provider's. */
const MAX_LENGTH = 1000;

/** What an identity provider says has ended: a session of its, all of somebody's, or a session of somebody's. */
export interface LogoutToken {
	issuer: string;
	/** The token's own name, by which it counts once. */
	jti: string;
	sid: string | undefined;
	/** As `people` has it. */
	subject: string | undefined;
	/** When, in seconds since 1970. */
	issuedAt: number;
}

/**
 * Makes what verifies the logout tokens of the provider with which the pages
 * sign in (OpenID Connect Back-Channel Logout 1.0, section 2.6).
 *
 * @returns throws TRPCError UNAUTHORIZED that says what is wrong with a token;
 *   SERVICE_UNAVAILABLE when the provider's keys cannot be had
 */
export function openLogoutVerifier({
	OIDC_ISSUER: [issuer = ""],
	OIDC_CLIENT_ID: audience = "",
}: Pick<Config, "OIDC_ISSUER" | "OIDC_CLIENT_ID">): (
	token: string,
) => Promise<LogoutToken> {
	const keys = lazyKeys(issuer);
	return async (token) => {
		const known = await keys();
		try {
			const { payload, protectedHeader } = await jwtVerify(token, known, {
				issuer,
				audience,
				algorithms: ALGORITHMS,
				clockTolerance: CLOCK_TOLERANCE,
				maxTokenAge: MAX_AGE,
				requiredClaims: ["jti"],
			});
			refuseOtherType(protectedHeader.typ);
			return readLogoutToken(payload, issuer);
		} catch (error) {
			throw explain(error);
		}
	};
}

/** The type is explicit, or says nothing: no token for something else ends a session. */
function refuseOtherType(typ: string | undefined): void {
	const name = typ?.toLowerCase().replace(/^application\//, "") ?? "jwt";
	if (name === "logout+jwt" || name === "jwt") return;
	throw badToken("The token is of another type than a logout token.");
}

function readLogoutToken(payload: JWTPayload, issuer: string): LogoutToken {
	const { events, nonce, jti, sid, sub, iat = 0 } = payload;
	const event = (events as Record<string, unknown> | undefined)?.[LOGOUT_EVENT];
	if (typeof event !== "object" || event === null || Array.isArray(event)) {
		throw badToken(
			"The token does not say in its claim events that it is a logout.",
		);
	}
	// What an ID token has: it must not pass for this.
	if (nonce !== undefined) throw badToken("A logout token has no nonce.");
	if (!isName(jti)) throw badToken("The token has no name of its own in jti.");
	if (sid === undefined && sub === undefined) {
		throw badToken("The token says neither in sid nor in sub what has ended.");
	}
	if (
		(sid !== undefined && !isName(sid)) ||
		(sub !== undefined && !isName(sub))
	) {
		throw badToken("The token's claims sid and sub must be texts.");
	}
	const subject = sub === undefined ? undefined : `${issuer} ${sub}`;
	return { issuer, jti, sid, subject, issuedAt: iat };
}

/** Whether a claim is a text that can be kept, of no more than any provider's length. */
export function isName(value: unknown): value is string {
	return (
		typeof value === "string" &&
		value !== "" &&
		value.length <= MAX_LENGTH &&
		!value.includes("\0") &&
		value.isWellFormed()
	);
}
