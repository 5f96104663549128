import type { Facade } from "./audit/schema.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database.ts";
import {
	badToken,
	grant,
	grantService,
	grantToken,
	type Identity,
} from "./identity.ts";
import { openVerifier } from "./oidc.ts";
import { findToken, markTokenUsed } from "./tokens/queries.ts";
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
		| "PUBLIC_URL"
		| "TOKEN_OWNER_DAYS"
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
			if (isOwnToken(token)) return identifyOwner(db, token, config);
			const { person, scopes, issuedAt } = await verifier.verify(
				token,
				facade === "mcp" ? audiencesOfMcp : audiences,
			);
			return {
				...person,
				kind: "person",
				method: "oidc",
				permissions: grant(person, scopes),
				issuedAt,
			};
		},
	};
}

async function identifyOwner(
	db: Database,
	token: string,
	{ TOKEN_OWNER_DAYS }: Pick<Config, "TOKEN_OWNER_DAYS">,
): Promise<Identity> {
	const found = await findToken(db, hashSecret(token), TOKEN_OWNER_DAYS);
	if (!found) {
		throw badToken(
			"The access token is unknown, at its end, or revoked. Make a new one.",
		);
	}
	if (found.is_asleep) {
		throw badToken(
			`The access token sleeps: whose it is has not signed in for ${TOKEN_OWNER_DAYS} days. It works again as soon as they sign in.`,
		);
	}
	await markTokenUsed(db, found.token_id);
	const { owner, service_owner, scopes, token_id } = found;
	if (owner) {
		return {
			...owner,
			kind: "person",
			method: "access_token",
			permissions: grantToken(owner, scopes),
		};
	}
	return {
		kind: "service_token",
		method: "access_token",
		// No issuer's: those are URLs.
		subject: `service-token ${token_id}`,
		email: service_owner,
		name: null,
		roles: [],
		permissions: grantService(scopes),
	};
}
