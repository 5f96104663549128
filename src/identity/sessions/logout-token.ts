import { type JWTPayload, jwtVerify } from "jose";
import type { Config } from "../../core/config.ts";
import { badToken } from "../identity.ts";
import { ALGORITHMS, CLOCK_TOLERANCE, explain, lazyKeys } from "../oidc.ts";

/**
 * Seconds after which a logout token is too old, whatever its expiry: it was meant for immediate
 * use.
 */
export const MAX_AGE = 10 * 60;

/**
 * The event that makes a token a logout token (OpenID Connect Back-Channel Logout 1.0, section
 * 2.4).
 */
const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** Maximum length of a provider's identifier in characters. */
const MAX_LENGTH = 1000;

/**
 * What has ended according to the identity provider: one of its sessions, all of a person's, or one
 * of a person's.
 */
export interface LogoutToken {
	issuer: string;
	/** The token's own id; each is accepted once. */
	jti: string;
	sid: string | undefined;
	/** As in `people`. */
	subject: string | undefined;
	/** When, in seconds since 1970. */
	issuedAt: number;
}

/**
 * Creates the verifier of logout tokens from the provider with which the pages sign in (OpenID
 * Connect Back-Channel Logout 1.0, section 2.6).
 *
 * @returns a function that throws TRPCError UNAUTHORIZED saying what is wrong with a token, or
 * SERVICE_UNAVAILABLE when the provider's keys cannot be fetched
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

/** Accepts the logout type or the generic one: a token for another purpose cannot end a session. */
function refuseOtherType(typ: string | undefined): void {
	const name = typ?.toLowerCase().replace(/^application\//, "") ?? "jwt";
	if (name === "logout+jwt" || name === "jwt") return;
	throw badToken("The token is not of the type of logout tokens.");
}

function readLogoutToken(payload: JWTPayload, issuer: string): LogoutToken {
	const { events, nonce, jti, sid, sub, iat = 0 } = payload;
	const event = (events as Record<string, unknown> | undefined)?.[LOGOUT_EVENT];
	if (typeof event !== "object" || event === null || Array.isArray(event)) {
		throw badToken(
			"The token's claim events does not say that it is a logout token.",
		);
	}
	// ID tokens have a nonce, and must not be accepted here.
	if (nonce !== undefined)
		throw badToken("A logout token must not have a nonce.");
	if (!isName(jti))
		throw badToken("The token has no valid id in the claim jti.");
	if (sid === undefined && sub === undefined) {
		throw badToken(
			"The token has neither sid nor sub, so it does not say what has ended.",
		);
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

/**
 * Returns whether a claim is a text that can be stored, no longer than any provider's identifiers.
 */
export function isName(value: unknown): value is string {
	return (
		typeof value === "string" &&
		value !== "" &&
		value.length <= MAX_LENGTH &&
		!value.includes("\0") &&
		value.isWellFormed()
	);
}
