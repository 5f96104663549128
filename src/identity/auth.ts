import type { Config } from "../core/config.ts";
import type { Facade } from "../core/words.ts";
import type { Database } from "../platform/postgres/database.ts";
import {
	badToken,
	grant,
	grantService,
	type Identity,
	splitSubject,
} from "./identity.ts";
import { openVerifier, type ProvenToken } from "./oidc.ts";
import { hashSecret, isOwnToken } from "./own-tokens.ts";
import { meetPerson } from "./people/queries.ts";
import { wasLoggedOut } from "./sessions/logout-queries.ts";
import { findToken, markTokenUsed } from "./tokens/queries.ts";

/** Identifies the caller by the `Authorization` header. */
export interface Authenticator {
	/**
	 * @param facade the one called: MCP has an audience of its own besides the service's (RFC 8707)
	 * @returns `null` when no credentials were sent
	 * @throws TRPCError UNAUTHORIZED when they are not valid
	 */
	identify(
		authorization: string | undefined,
		facade: Facade,
	): Promise<Identity | null>;
}

/** Creates an authenticator for access tokens of the identity provider and our own. */
export function openAuthenticator(
	db: Database,
	config: Settings & Pick<Config, "OIDC_AUDIENCE" | "PUBLIC_URL">,
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
			const proven = await verifier.verify(
				token,
				facade === "mcp" ? audiencesOfMcp : audiences,
			);
			return identifyBearer(db, proven, config);
		},
	};
}

type Settings = Parameters<typeof openVerifier>[0] &
	Pick<
		Config,
		"OIDC_SCOPELESS" | "OIDC_APPROVING_CLIENTS" | "TOKEN_OWNER_DAYS"
	>;

async function identifyBearer(
	db: Database,
	{ kind, shown, scopes, clients, sid, issuedAt, expiresAt }: ProvenToken,
	{ OIDC_SCOPELESS, OIDC_APPROVING_CLIENTS }: Settings,
): Promise<Identity> {
	if (kind === "application") {
		// No person stands behind it: its roles are assigned to the program itself, and require no
		// scope.
		const program = { ...shown, roles: shown.roles ?? [], kind };
		const limits = scopes.length === 0 ? undefined : scopes;
		const permissions = grant(program, limits);
		return { ...program, method: "oidc", permissions, expiresAt };
	}
	const { subject } = shown;
	const { issuer } = splitSubject(subject);
	if (await wasLoggedOut(db, { issuer, subject, sid, at: issuedAt })) {
		throw badToken(
			"This token's owner was signed out after it was issued. Sign in again.",
		);
	}
	const person = { ...(await meetPerson(db, shown, issuedAt)), kind };
	const isScopeless = scopes.length === 0;
	const isUnlimited = isScopeless && OIDC_SCOPELESS === "roles";
	return {
		...person,
		method: "oidc",
		permissions: grant(person, isUnlimited ? undefined : scopes),
		expiresAt,
		...(isScopeless && !isUnlimited && { isScopeless }),
		...(isAmong(clients, OIDC_APPROVING_CLIENTS) && {
			isApprovingClient: true,
		}),
	};
}

/** Returns whether a client is on the list, by any name that the token has for it. */
function isAmong(clients: string[], listed: string[]): boolean {
	return (
		clients.length > 0 && clients.every((client) => listed.includes(client))
	);
}

async function identifyOwner(
	db: Database,
	token: string,
	{ TOKEN_OWNER_DAYS }: Pick<Config, "TOKEN_OWNER_DAYS">,
): Promise<Identity> {
	const found = await findToken(db, hashSecret(token), TOKEN_OWNER_DAYS);
	if (!found) {
		throw badToken(
			"The access token is unknown, expired or revoked. Create a new one.",
		);
	}
	if (found.is_asleep) {
		throw badToken(
			`The access token is asleep: its owner has not signed in for ${TOKEN_OWNER_DAYS} days. It works again as soon as they sign in.`,
		);
	}
	await markTokenUsed(db, found.token_id);
	const { owner, service_owner, scopes, token_id } = found;
	if (owner) {
		const person = { ...owner, kind: "person" as const };
		const permissions = grant(person, scopes);
		return { ...person, method: "access_token", permissions };
	}
	return {
		kind: "service_token",
		method: "access_token",
		// Cannot collide with an issuer's subject: issuers are URLs.
		subject: `service-token ${token_id}`,
		email: service_owner,
		email_canonical: service_owner,
		name: null,
		roles: [],
		permissions: grantService(scopes),
	};
}
