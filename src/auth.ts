import type { Facade } from "./audit/schema.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database.ts";
import { badToken, grant, type Identity } from "./identity.ts";
import { openVerifier, type ProvenToken } from "./oidc.ts";
import { meetPerson } from "./people/queries.ts";
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
			if (isOwnToken(token)) return identifyOwner(db, token);
			const proven = await verifier.verify(
				token,
				facade === "mcp" ? audiencesOfMcp : audiences,
			);
			return identifyBearer(db, proven, config);
		},
	};
}

type Settings = Parameters<typeof openVerifier>[0] &
	Pick<Config, "OIDC_SCOPELESS" | "OIDC_APPROVING_CLIENTS">;

async function identifyBearer(
	db: Database,
	{ kind, shown, scopes, clients, issuedAt, expiresAt }: ProvenToken,
	{ OIDC_SCOPELESS, OIDC_APPROVING_CLIENTS }: Settings,
): Promise<Identity> {
	if (kind === "application") {
		// Nobody lends it anything: its roles are given to the program itself, and need no scope beside them.
		const program = { ...shown, roles: shown.roles ?? [], kind };
		const limits = scopes.length === 0 ? undefined : scopes;
		const permissions = grant(program, limits);
		return { ...program, method: "oidc", permissions, expiresAt };
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

/** Whether a client is on the list, by every name that the token has for it. */
function isAmong(clients: string[], listed: string[]): boolean {
	return (
		clients.length > 0 && clients.every((client) => listed.includes(client))
	);
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
	const identity = { ...person, kind: "person" as const };
	return {
		...identity,
		method: "access_token",
		permissions: grant(identity, scopes),
	};
}
