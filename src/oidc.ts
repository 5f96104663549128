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
import { type ClaimNames, readPerson, readScopes } from "./claims.ts";
import type { Config } from "./config.ts";
import { badToken, type Person } from "./identity.ts";

/** Signatures that are accepted: asymmetric ones alone, so that no shared secret and no `none` can sign. */
export const ALGORITHMS = [
	...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
	...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** Seconds by which the provider's clock may be off. */
export const CLOCK_TOLERANCE = 30;

/** Milliseconds that the provider has for an answer. */
const TIMEOUT = 5000;

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

/** The keys that an issuer publishes, fetched when first asked for; a failure is tried again. */
export function lazyKeys(issuer: string): () => Promise<JWTVerifyGetKey> {
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

/** Why a token proves nothing, in our words; or that its issuer is out of reach. */
export function explain(error: unknown): TRPCError {
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
