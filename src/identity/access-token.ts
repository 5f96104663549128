import type { JWTPayload } from "jose";
import { type Permission, permissions } from "../core/words.ts";
import { badToken } from "./identity.ts";

/**
 * Which of the service's scopes a token has: `scope` is RFC 9068's, `scp` Entra
 * ID's and Okta's. Words that are no permissions of ours are left out.
 *
 * @param prefix with which the provider may write them, as Amazon Cognito does
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
 * Refuses whatever the provider signs beside access tokens: ID tokens say who
 * signed in to a client, and give that client no access here.
 *
 * @param type the header's `typ`
 * @param scopes those of ours that it has
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
		"Nothing says that this is an access token for this service: its type is not at+jwt, and it has no scope of the service. Ask the identity provider for one with the scopes that you need, such as reports:read.",
	);
}

/** RFC 9068, section 2.1; the prefix may be left out (RFC 7515, section 4.1.9). */
function isTypeOfAccessTokens(type: unknown): boolean {
	return typeof type === "string" && /^(application\/)?at\+jwt$/i.test(type);
}

/** Marks of ID tokens (OpenID Connect Core, sections 2 and 3.3.2.11), or Keycloak's word for what it is. */
function isForAnotherUse(claims: JWTPayload): boolean {
	return (
		["nonce", "at_hash", "c_hash"].some((name) =>
			Object.hasOwn(claims, name),
		) || /^(ID|Refresh|Offline|Logout)$/.test(String(claims.typ))
	);
}

/** By what each provider tells that a token is a program's own, and nobody's behind it. */
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

/** Whether a token is a program's own (client credentials), and not a person's. */
export function isApplication(claims: JWTPayload): boolean {
	return Object.values(signsOfApplications).some((isSign) => isSign(claims));
}

/** To which client a token was given: every name of it that the token has, in whatever claim. */
export function clientsOf(claims: Record<string, unknown>): string[] {
	const { azp, appid, client_id, clientId, cid } = claims;
	return [azp, appid, client_id, clientId, cid].filter(
		(name) => typeof name === "string",
	);
}
