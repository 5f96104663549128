import { TRPCError } from "@trpc/server";
import {
	createRemoteJWKSet,
	decodeJwt,
	errors,
	type JWTPayload,
	type JWTVerifyGetKey,
	type JWTVerifyResult,
	jwtVerify,
} from "jose";
import { z } from "zod";
import type { Config } from "../core/config.ts";
import { Refusal } from "../core/errors.ts";
import { isStorable } from "../core/fields.ts";
import type { Permission } from "../core/words.ts";
import {
	clientsOf,
	isApplication,
	readScopes,
	refuseOtherTokens,
} from "./access-token.ts";
import {
	type ClaimNames,
	readApplication,
	readPerson,
	type ShownPerson,
} from "./claims.ts";
import { badToken } from "./identity.ts";

/**
 * Accepted signature algorithms: only asymmetric ones, so that neither a shared secret nor `none`
 * can sign.
 */
export const ALGORITHMS = [
	...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
	...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** Tolerated deviation of the provider's clock in seconds. */
export const CLOCK_TOLERANCE = 30;

/** Milliseconds after which a request to the provider times out. */
const TIMEOUT = 5000;

/** The content of an access token of the provider. */
export interface ProvenToken {
	kind: "person" | "application";
	/** Whom it is about; for an application, `email` is a name that is not an address. */
	shown: ShownPerson;
	/** The service's scopes that it has. */
	scopes: Permission[];
	/** Every name of the client that it was issued to. */
	clients: string[];
	/** The provider's id of the session that it belongs to, if given. */
	sid: string | undefined;
	/**
	 * When it was issued, in seconds since 1970; 0 if it does not say, which is older than anything
	 * known.
	 */
	issuedAt: number;
	/** When it expires, in seconds since 1970. */
	expiresAt: number;
}

/** Verifies the access tokens of the configured issuers. */
export interface TokenVerifier {
	/**
	 * @param audiences of which the token must name one (RFC 8707)
	 * @throws TRPCError UNAUTHORIZED that says what is wrong with the token; SERVICE_UNAVAILABLE when
	 * the issuer's keys cannot be fetched
	 */
	verify(token: string, audiences: string[]): Promise<ProvenToken>;
}

/**
 * Creates a verifier of JWT access tokens (RFC 9068, RFC 8725) with the keys that each issuer
 * publishes; they are fetched when first needed, and again when an unknown key is used, so that key
 * rotation requires no restart.
 */
export function openVerifier(
	config: ClaimNames & Pick<Config, "OIDC_ISSUER" | "OIDC_SCOPE_PREFIX">,
): TokenVerifier {
	const issuers = new Map(
		config.OIDC_ISSUER.map((issuer) => [issuer, lazyKeys(issuer)]),
	);
	return {
		async verify(token, audiences) {
			const issuer = readIssuer(token);
			const keys = issuers.get(issuer);
			if (!keys) {
				throw badToken("The token's issuer is not trusted here.");
			}
			const { payload, protectedHeader } = await verifyWith(
				await keys(),
				token,
				issuer,
				audiences,
			);
			const scopes = readScopes(payload, config.OIDC_SCOPE_PREFIX);
			refuseOtherTokens(protectedHeader.typ, payload, scopes);
			const isProgram = isApplication(payload);
			return {
				kind: isProgram ? "application" : "person",
				shown: (isProgram ? readApplication : readPerson)(payload, config),
				scopes,
				clients: clientsOf(payload),
				sid: readSession(payload),
				issuedAt: readIssuedAt(payload),
				// Always present: verification requires it.
				expiresAt: payload.exp ?? 0,
			};
		},
	};
}

/** The document by which a provider describes itself (OpenID Connect Discovery, section 4). */
const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

/**
 * Returns a function that gets the keys of an issuer, fetched on first use; a failure is retried.
 */
export function lazyKeys(issuer: string): () => Promise<JWTVerifyGetKey> {
	let pending: Promise<JWTVerifyGetKey> | undefined;
	return () => {
		pending ??= discoverKeys(issuer).catch((error) => {
			// The next request tries again.
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
			"The token was issued neither by this service nor by its identity provider.",
		);
	}
}

async function verifyWith(
	keys: JWTVerifyGetKey,
	token: string,
	issuer: string,
	audience: string[],
): Promise<JWTVerifyResult> {
	try {
		return await jwtVerify(token, keys, {
			issuer,
			audience,
			algorithms: ALGORITHMS,
			clockTolerance: CLOCK_TOLERANCE,
			requiredClaims: ["sub", "exp"],
		});
	} catch (error) {
		throw explain(error);
	}
}

/**
 * Reads the session id. One that cannot be stored is refused: a logout naming it would not be
 * found.
 */
function readSession({ sid }: JWTPayload): string | undefined {
	if (typeof sid !== "string") return undefined;
	if (isStorable(sid)) return sid;
	throw badToken("The token's claim sid is not valid.");
}

/** Reads when a token was issued. A future time would outrank every later token. */
function readIssuedAt({ iat = 0 }: JWTPayload): number {
	const latest = Date.now() / 1000 + CLOCK_TOLERANCE;
	if (typeof iat === "number" && iat >= 0 && iat <= latest) return iat;
	throw badToken("The token's claim iat is not valid.");
}

/**
 * Translates a verification error: why a token is not valid, or that its issuer is out of reach.
 */
export function explain(error: unknown): TRPCError {
	if (error instanceof TRPCError) return error;
	if (error instanceof errors.JWTExpired) {
		return badToken("The token has expired. Sign in again.");
	}
	if (error instanceof errors.JWTClaimValidationFailed) {
		return badToken(
			error.claim === "aud"
				? "The token is for an audience other than this service."
				: `The token's claim ${error.claim} is not valid.`,
		);
	}
	if (
		error instanceof errors.JOSEError &&
		!(error instanceof errors.JWKSTimeout) &&
		// Keys that cannot be read are the provider's fault; these are the only codes that tell.
		error.code !== "ERR_JOSE_GENERIC" &&
		error.code !== "ERR_JWKS_INVALID"
	) {
		return badToken("The token's signature is not valid.");
	}
	return providerOutOfReach(error);
}

/** Returns the 503 for an unreachable identity provider. */
export function providerOutOfReach(cause: unknown): Refusal {
	return new Refusal(
		"SERVICE_UNAVAILABLE",
		"The identity provider does not answer at the moment, so nobody can be identified. Try again in a few seconds.",
		{
			retryAfter: 5,
			cause: new Error("the identity provider gave no usable answer", {
				cause,
			}),
		},
	);
}
