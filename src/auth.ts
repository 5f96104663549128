import type { Facade } from "./audit/schema.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database.ts";
import { badToken, grant, grantToken, type Identity } from "./identity.ts";
import { openVerifier } from "./oidc.ts";
import { findTokenOwner, markTokenUsed } from "./tokens/queries.ts";
import { hashSecret, isOwnToken } from "./tokens/rules.ts";

/** Tells who asks from the `Authorization` header. */
export interface Authenticator {
	/**
	 * @param facade the one that is asked: MCP has an audience of its own beside
	 *   the service's (RFC 8707)
	 * @returns `null` when nothing was shown
	 * @throws TRPCError UNAUTHORIZED when what was shown proves nothing
	 */
	identify(
		authorization: string | undefined,
		facade: Facade,
	): Promise<Identity | null>;
}

/** Recognises access tokens of the identity provider, and our own. */
export function openAuthenticator(
	db: Database,
	config: Pick<
		Config,
		| "OIDC_ISSUER"
		| "OIDC_AUDIENCE"
		| "OIDC_ROLES_CLAIM"
		| "OIDC_EMAIL_CLAIM"
		| "OIDC_EMAIL_VERIFIED"
		| "PUBLIC_URL"
	>,
): Authenticator {
	const verifier = openVerifier(config);
	const audiences = config.OIDC_AUDIENCE;
	const audiencesOfMcp = [...audiences, `${config.PUBLIC_URL}/mcp`];
	return {
		async identify(authorization, facade) {
			if (authorization === undefined) return null;
			const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1];
			if (!token) {
				throw badToken(
					"The header must be Authorization: Bearer, a space, and the token.",
				);
			}
			if (isOwnToken(token)) return identifyOwner(db, token);
			const { person, scopes, issuedAt, expiresAt } = await verifier.verify(
				token,
				facade === "mcp" ? audiencesOfMcp : audiences,
			);
			return {
				...person,
				method: "oidc",
				permissions: grant(person, scopes),
				issuedAt,
				expiresAt,
			};
		},
	};
}

async function identifyOwner(db: Database, token: string): Promise<Identity> {
	const owner = await findTokenOwner(db, hashSecret(token));
	if (!owner) {
		throw badToken(
			"The access token is unknown, at its end, or revoked. Make a new one.",
		);
	}
	const { token_id, scopes, ...person } = owner;
	await markTokenUsed(db, token_id);
	return {
		...person,
		method: "access_token",
		permissions: grantToken(person, scopes),
	};
}
