import type { JWTPayload } from "jose";
import { type Permission, permissions } from "../core/words.ts";
import { badToken } from "./identity.ts";

/**
 * Reads which of the service's scopes a token has: `scope` is RFC 9068's claim, `scp` Entra ID's
 * and Okta's. Words that are not our permissions are ignored.
 *
 * @param prefix that the provider may put before them, as Amazon Cognito does
 */
export function readScopes(
	{ scope, scp }: JWTPayload,
	prefix: string,
): Permission[] {
	return [scope, scp]
		.flat()
		.flatMap((value) => (typeof value === "string" ? value.split(/\s+/) : []))
		.map((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name))
		.filter((name): name is Permission => Object.hasOwn(permissions, name));
}

/**
 * Refuses tokens that the provider signs for other purposes: ID tokens say who signed in to a
 * client, and give that client no access here.
 *
 * @param type the header's `typ`
 * @param scopes the service's scopes that it has
 * @throws TRPCError UNAUTHORIZED
 */
export function refuseOtherTokens(
	type: unknown,
	payload: JWTPayload,
	scopes: readonly Permission[],
): void {
	if (isForAnotherUse(payload)) {
		throw badToken(
			"This is an ID token, or one for another use. Send an access token.",
		);
	}
	if (isTypeOfAccessTokens(type)) return;
	const isUntyped = type === undefined || /^jwt$/i.test(String(type));
	if (isUntyped && (scopes.length > 0 || payload.idtyp === "app")) return;
	throw badToken(
		"This cannot be recognised as an access token for this service: its type is not at+jwt, and it has none of the service's scopes. Request one from the identity provider with the scopes that you need, such as reports:read.",
	);
}

/**
 * Returns whether a type is that of access tokens (RFC 9068, section 2.1); the prefix may be
 * omitted (RFC 7515, section 4.1.9).
 */
function isTypeOfAccessTokens(type: unknown): boolean {
	return typeof type === "string" && /^(application\/)?at\+jwt$/i.test(type);
}

/**
 * Returns whether claims have the marks of an ID token (OpenID Connect Core, sections 2 and
 * 3.3.2.11), or Keycloak's own type says so.
 */
function isForAnotherUse(claims: JWTPayload): boolean {
	return (
		["nonce", "at_hash", "c_hash"].some((name) =>
			Object.hasOwn(claims, name),
		) || /^(ID|Refresh|Offline|Logout)$/.test(String(claims.typ))
	);
}

/** How each provider marks a token as a program's own, without a person behind it. */
const signsOfApplications: Record<string, (claims: JWTPayload) => boolean> = {
	"Entra ID": ({ idtyp }) => idtyp === "app",
	Auth0: ({ gty }) => [gty].flat().includes("client-credentials"),
	"Auth0, as RFC 9068 has it": (claims) =>
		clientsOf(claims).some((client) => claims.sub === `${client}@clients`),
	Keycloak: ({ preferred_username }) =>
		/^service-account-/i.test(String(preferred_username)),
	"RFC 9068, section 2.2; Okta, Amazon Cognito": (claims) =>
		clientsOf(claims).some((client) => claims.sub === client),
};

/** Returns whether a token belongs to a program (client credentials) and not to a person. */
export function isApplication(claims: JWTPayload): boolean {
	return Object.values(signsOfApplications).some((isSign) => isSign(claims));
}

/** Lists the client that a token was issued to, by every name in any of its claims. */
export function clientsOf(claims: Record<string, unknown>): string[] {
	const { azp, appid, client_id, clientId, cid } = claims;
	return [azp, appid, client_id, clientId, cid].filter(
		(name) => typeof name === "string",
	);
}
