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

/** Signatures that are accepted: asymmetric ones alone, so that no shared secret and no `none` can sign. */
export const ALGORITHMS = [
	...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
	...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** Seconds by which the provider's clock may be off. */
export const CLOCK_TOLERANCE = 30;

/** Milliseconds that the provider has for an answer. */
const TIMEOUT = 5000;

/** What an access token of the provider says. */
export interface ProvenToken {
	kind: "person" | "application";
	/** Whom it is about; of an application, `email` is words that are no address. */
	shown: ShownPerson;
	/** Those of ours that it has. */
	scopes: Permission[];
	/** Every name of the client that it was given to. */
	clients: string[];
	/** What the provider calls the session that it belongs to, if it says so. */
	sid: string | undefined;
	/** When, in seconds since 1970; 0 for one that does not say: it is older than all that is known. */
	issuedAt: number;
	/** When it ends, in seconds since 1970. */
	expiresAt: number;
}

/** Verifies the access tokens of the configured issuers. */
export interface TokenVerifier {
	/**
	 * @param audiences of which the token must name one (RFC 8707)
	 * @throws TRPCError UNAUTHORIZED that says what is wrong with the token;
	 *   SERVICE_UNAVAILABLE when the issuer's keys cannot be had
	 */
	verify(token: string, audiences: string[]): Promise<ProvenToken>;
}

/**
 * Verifies JWT access tokens (RFC 9068, RFC 8725) with the keys that each issuer
 * publishes; they are fetched when first needed, and again when an unknown key
 * signs, so that rotation needs no restart.
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
				throw badToken("The token is of an issuer that is not trusted here.");
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
				// Required, or it would not have been verified.
				expiresAt: payload.exp ?? 0,
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

/** Refused where it cannot be kept: a logout that names it could not be found. */
function readSession({ sid }: JWTPayload): string | undefined {
	if (typeof sid !== "string") return undefined;
	if (isStorable(sid)) return sid;
	throw badToken("The token's claim sid is not as it must be.");
}

/** A time to come would hold against every later token. */
function readIssuedAt({ iat = 0 }: JWTPayload): number {
	const latest = Date.now() / 1000 + CLOCK_TOLERANCE;
	if (typeof iat === "number" && iat >= 0 && iat <= latest) return iat;
	throw badToken("The token's claim iat is not as it must be.");
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
export function providerOutOfReach(cause: unknown): Refusal {
	return new Refusal(
		"SERVICE_UNAVAILABLE",
		"The identity provider does not answer at the moment, so nobody can be recognised. Try again in a few seconds.",
		{
			retryAfter: 5,
			cause: new Error("the identity provider gave no usable answer", {
				cause,
			}),
		},
	);
}
