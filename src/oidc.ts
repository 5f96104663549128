import { TRPCError } from "@trpc/server";
import {
	createRemoteJWKSet,
	decodeJwt,
	errors,
	type JWTPayload,
	type JWTVerifyGetKey,
	jwtVerify,
} from "jose";
import { z } from "zod";
import type { Config } from "./config.ts";
import { badToken, knownRoles, type Person } from "./identity.ts";

/** Signatures that are accepted: asymmetric ones alone, so that no shared secret and no `none` can sign. */
const ALGORITHMS = [
	...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
	...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** Seconds by which the provider's clock may be off. */
const CLOCK_TOLERANCE = 30;

/** Milliseconds that the provider has for an answer. */
const TIMEOUT = 5000;

/** Which claims of a token say what. */
export type ClaimNames = Pick<Config, "OIDC_ROLES_CLAIM" | "OIDC_EMAIL_CLAIM">;

/** Verifies the access tokens of the configured issuers. */
export interface TokenVerifier {
	/**
	 * @param audiences of which the token must name one (RFC 8707)
	 * @throws TRPCError UNAUTHORIZED that says what is wrong with the token;
	 *   SERVICE_UNAVAILABLE when the issuer's keys cannot be had
	 */
	verify(
		token: string,
		audiences: string[],
	): Promise<{ person: Person; scopes: string[]; issuedAt: number }>;
}

/**
 * Verifies JWT access tokens (RFC 9068, RFC 8725) with the keys that each issuer
 * publishes; they are fetched when first needed, and again when an unknown key
 * signs, so that rotation needs no restart.
 */
export function openVerifier(
	config: ClaimNames & Pick<Config, "OIDC_ISSUER">,
): TokenVerifier {
	const issuers = new Map(
		config.OIDC_ISSUER.map((issuer) => [issuer, lazyKeys(issuer)]),
	);
	return {
		async verify(token, audiences) {
			const issuer = readIssuer(token);
			const keys = issuers.get(issuer);
			if (!keys) {
				throw badToken("The token is of an issuer that is not trusted here.");
			}
			const payload = await verifyWith(await keys(), token, issuer, audiences);
			return {
				person: readPerson(payload, config),
				scopes: readScopes(payload),
				// One that does not say when is older than all that is known.
				issuedAt: payload.iat ?? 0,
			};
		},
	};
}

/** The document by which a provider describes itself (OpenID Connect Discovery, section 4). */
const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

function lazyKeys(issuer: string): () => Promise<JWTVerifyGetKey> {
	let pending: Promise<JWTVerifyGetKey> | undefined;
	return () => {
		pending ??= discoverKeys(issuer).catch((error) => {
			// The next request asks again.
			pending = undefined;
			throw error;
		});
		return pending;
	};
}

async function discoverKeys(issuer: string): Promise<JWTVerifyGetKey> {
	const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
	try {
		const answer = await fetch(url, {
			redirect: "error",
			signal: AbortSignal.timeout(TIMEOUT),
		});
		const { issuer: named, jwks_uri } = Discovery.parse(await answer.json());
		if (named !== issuer) {
			throw new Error(`it calls itself ${named}, not ${issuer}`);
		}
		return createRemoteJWKSet(new URL(jwks_uri), { timeoutDuration: TIMEOUT });
	} catch (error) {
		throw providerOutOfReach(error);
	}
}

function readIssuer(token: string): string {
	try {
		return decodeJwt(token).iss ?? "";
	} catch {
		throw badToken(
			"The token is none that this service or its identity provider issued.",
		);
	}
}

async function verifyWith(
	keys: JWTVerifyGetKey,
	token: string,
	issuer: string,
	audience: string[],
): Promise<JWTPayload> {
	try {
		const { payload } = await jwtVerify(token, keys, {
			issuer,
			audience,
			algorithms: ALGORITHMS,
			clockTolerance: CLOCK_TOLERANCE,
			requiredClaims: ["sub", "exp"],
		});
		// An ID token says who signed in to a client; it gives that client no access here.
		if (payload.nonce !== undefined || payload.at_hash !== undefined) {
			throw badToken("This is an ID token. Send an access token.");
		}
		return payload;
	} catch (error) {
		throw explain(error);
	}
}

function explain(error: unknown): TRPCError {
	if (error instanceof TRPCError) return error;
	if (error instanceof errors.JWTExpired) {
		return badToken("The token has expired. Sign in again.");
	}
	if (error instanceof errors.JWTClaimValidationFailed) {
		return badToken(
			error.claim === "aud"
				? "The token is for another audience than this service."
				: `The token's claim ${error.claim} is not as it must be.`,
		);
	}
	if (
		error instanceof errors.JOSEError &&
		!(error instanceof errors.JWKSTimeout) &&
		// A set of keys that cannot be read is the provider's fault, and says so in no other way.
		error.code !== "ERR_JOSE_GENERIC" &&
		error.code !== "ERR_JWKS_INVALID"
	) {
		return badToken("The token's signature is not valid.");
	}
	return providerOutOfReach(error);
}

/** 503: the identity provider cannot be asked. */
export function providerOutOfReach(cause: unknown): TRPCError {
	return new TRPCError({
		code: "SERVICE_UNAVAILABLE",
		message:
			"The identity provider does not answer at the moment, so nobody can be recognised. Try again in a few seconds.",
		cause: Object.assign(
			new Error("the identity provider gave no usable answer", { cause }),
			{
				retryAfter: 5,
			},
		),
	});
}

/**
 * Who a token or an ID token is about.
 *
 * @throws TRPCError UNAUTHORIZED when it names no e-mail address
 */
export function readPerson(
	payload: Record<string, unknown>,
	{ OIDC_ROLES_CLAIM, OIDC_EMAIL_CLAIM }: ClaimNames,
): Person {
	if (typeof payload.sub !== "string" || payload.sub.trim() === "") {
		throw badToken(
			"The token does not say whom it is about, in its claim sub.",
		);
	}
	const email = readClaim(payload, OIDC_EMAIL_CLAIM);
	if (typeof email !== "string" || email.trim() === "" || email.length > 255) {
		throw badToken(
			`The token names no e-mail address in its claim ${OIDC_EMAIL_CLAIM}. Whoever runs the identity provider can add it, or name another claim in OIDC_EMAIL_CLAIM.`,
		);
	}
	// PostgreSQL keeps no NUL; nobody is called so.
	if (`${email}${payload.sub}${payload.name}`.includes("\0")) {
		throw badToken("The token's claims hold a character that no text can.");
	}
	// Some providers write it as a text.
	if (String(payload.email_verified) === "false") {
		throw badToken(
			"The identity provider has not verified the e-mail address.",
		);
	}
	return {
		subject: `${payload.iss} ${payload.sub}`,
		email: email.trim(),
		name: typeof payload.name === "string" ? payload.name : null,
		roles: knownRoles(readClaim(payload, OIDC_ROLES_CLAIM)),
	};
}

/** Whether a token says anything by this name. */
export function hasClaim(
	payload: Record<string, unknown>,
	name: string,
): boolean {
	return readClaim(payload, name) !== undefined;
}

/** Claims may be nested, as in `realm_access.roles`, or have a URL for a name. */
function readClaim(payload: Record<string, unknown>, name: string): unknown {
	if (Object.hasOwn(payload, name)) return payload[name];
	return name
		.split(".")
		.reduce<unknown>(
			(value, key) =>
				typeof value === "object" && value !== null && Object.hasOwn(value, key)
					? (value as Record<string, unknown>)[key]
					: undefined,
			payload,
		);
}

/** `scope` is RFC 9068's, `scp` Entra ID's and Okta's. */
function readScopes({ scope, scp }: JWTPayload): string[] {
	return [scope, scp]
		.flat()
		.flatMap((value) => (typeof value === "string" ? value.split(" ") : []));
}
