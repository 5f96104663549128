import { canonicalAddress } from "../core/canonical-address.ts";
import { invalidField, Refusal } from "../core/errors.ts";
import { personOf } from "../core/person-of.ts";
import {
	type AuthenticationMethod,
	type Permission,
	permissions,
	type Role,
	roles,
} from "../core/words.ts";

/** Permissions that require a person: nothing else has them, whatever its roles or scopes say. */
export const personalPermissions: readonly Permission[] = [
	"reports:submit",
	"reports:decide",
	"tokens:own",
	"tokens:manage",
	"sessions:own",
	"sessions:manage",
];

/** The permissions of each role; several roles add up. */
export const permissionsOf: Record<Role, readonly Permission[]> = {
	developer: [
		"catalogue:read",
		"reports:read",
		"reports:submit",
		"tokens:own",
		"sessions:own",
	],
	reviewer: [
		"catalogue:read",
		"reports:read",
		"reports:read_all",
		"reports:decide",
		"tokens:own",
		"sessions:own",
	],
	auditor: [
		"catalogue:read",
		"reports:read",
		"reports:read_all",
		"audit:read",
		"tokens:own",
		"sessions:own",
	],
	admin: [
		"catalogue:read",
		"tokens:own",
		"tokens:manage",
		"sessions:own",
		"sessions:manage",
	],
};

/** A person as described by the identity provider. */
export interface Person {
	/**
	 * Never changes: the issuer and its `sub`, separated by a space (OpenID Connect Core, section 2).
	 */
	subject: string;
	/** Shown in `developer_email` and `reviewed_by`. It owns nothing. */
	email: string;
	/** The form in which addresses are compared: see `canonicalAddress`. */
	email_canonical: string;
	name: string | null;
	roles: Role[];
}

/**
 * The kind of caller: a person, or a program without a person behind it, known to the identity
 * provider or using a service token of ours.
 */
export type IdentityKind = "person" | "application" | "service_token";

/** The identity of the caller. */
export type Identity =
	/** The service runs without authentication: everybody who reaches it may do everything. */
	| { method: "none" }
	| (Person & {
			kind: IdentityKind;
			method: AuthenticationMethod;
			/** The permissions of this request: what the roles allow, limited by the token's scopes. */
			permissions: ReadonlySet<Permission>;
			/** When the provider's token expires, in seconds since 1970. */
			expiresAt?: number;
			/** The token is the provider's and has none of our scopes: it permits nothing. */
			isScopeless?: true;
			/**
			 * The token was issued to a client that may approve without confirmation
			 * (`OIDC_APPROVING_CLIENTS`).
			 */
			isApprovingClient?: true;
			/** The id of the browser's session, if there is one. */
			session?: string;
	  });

/** A caller whose identity is proven. */
export type ProvenIdentity = Exclude<Identity, { method: "none" }>;

/** Splits a person's subject: issuers contain no spaces. */
export function splitSubject(subject: string): { issuer: string; sub: string } {
	const end = subject.indexOf(" ");
	return { issuer: subject.slice(0, end), sub: subject.slice(end + 1) };
}

/** The identity of every caller where the service runs without authentication. */
export const anybody: Identity = { method: "none" };

/**
 * Returns the permissions of a caller: those that both the roles and the token's scopes allow.
 *
 * @param scopes the token's scopes; absent where there is no token, or an unlimited one
 */
export function grant(
	{ roles, kind }: Pick<ProvenIdentity, "roles" | "kind">,
	scopes?: readonly string[],
): ReadonlySet<Permission> {
	return new Set(
		roles
			.flatMap((role) => permissionsOf[role])
			.filter(
				(permission) =>
					(kind === "person" || !personalPermissions.includes(permission)) &&
					(scopes === undefined || scopes.includes(permission)),
			),
	);
}

/** Returns the permissions of a service token: its scopes, except those that require a person. */
export function grantService(
	scopes: readonly Permission[],
): ReadonlySet<Permission> {
	return new Set(
		scopes.filter((scope) => !personalPermissions.includes(scope)),
	);
}

/** Returns the roles from a provider's claim that this service knows. */
export function knownRoles(claimed: unknown): Role[] {
	const names = (Array.isArray(claimed) ? claimed : [claimed]) as unknown[];
	return roles.filter((role) => names.includes(role));
}

export function may(identity: Identity, permission: Permission): boolean {
	return identity.method === "none" || identity.permissions.has(permission);
}

/** Returns the refusal for a caller without a permission, if so; where nobody signs in, everybody may do everything. */
export function refusalOf(
	identity: Identity,
	permission: Permission,
): Refusal | undefined {
	const person = personOf(identity);
	return !person || may(person, permission)
		? undefined
		: notPermitted(person, permission);
}

/** Returns the 401 for a caller who is not signed in. */
export function notSignedIn(): Refusal {
	const detail =
		"Sign in first: send an access token as Authorization: Bearer …";
	return unauthorized(detail, "");
}

/** Returns the 401 for invalid credentials. */
export function badToken(detail: string): Refusal {
	return unauthorized(
		detail,
		`error="invalid_token", error_description="${quotable(detail)}"`,
	);
}

function unauthorized(detail: string, challenge: string): Refusal {
	return new Refusal("UNAUTHORIZED", detail, { challenge });
}

/**
 * Replaces characters that a quoted part of `WWW-Authenticate` cannot contain (RFC 6750, section
 * 3).
 */
function quotable(sentence: string): string {
	return sentence.replace(/[^ -!#-[\]-~]/g, "'");
}

/**
 * Returns the 403 for a signed-in caller without the permission. The answer's `WWW-Authenticate`
 * names it, so that a client can request it (RFC 6750, section 3.1).
 */
export function notPermitted(
	identity: ProvenIdentity,
	permission: Permission,
): Refusal {
	const { kind, email } = identity;
	if (kind !== "person" && personalPermissions.includes(permission)) {
		// No scope would help, so none is named.
		return forbidden(
			`A person is required to ${permissions[permission]}: ${email} is a program, and acts for no person.`,
		);
	}
	// A service token has no roles: its permissions are its scopes.
	if (kind !== "service_token" && !grant(identity).has(permission)) {
		const holders = roles.filter((role) =>
			permissionsOf[role].includes(permission),
		);
		return forbidden(
			`The role ${holders.join(" or ")} is required to ${permissions[permission]}; ${email} has ${identity.roles.join(" and ") || "no role"} here. The identity provider's administrator can assign it.`,
			[permission],
		);
	}
	if (identity.isScopeless) return scopelessToken([permission]);
	return forbidden(
		`This token does not have the scope ${permission}. Use one that has it.`,
		[permission],
	);
}

/** Returns the 403 for a token of the provider without any of our scopes. */
export function scopelessToken(needed: readonly Permission[]): Refusal {
	return forbidden(
		`This token has none of this service's scopes, so it permits nothing here. Request one from the identity provider with the scope ${needed.join(" ")}. The operator of the service can let such tokens do everything that the roles allow, with OIDC_SCOPELESS=roles.`,
		needed,
	);
}

/** @param scopes that would permit it */
function forbidden(detail: string, scopes?: readonly Permission[]): Refusal {
	const challenge =
		scopes && `error="insufficient_scope", scope="${scopes.join(" ")}"`;
	return new Refusal("FORBIDDEN", detail, { challenge });
}

/**
 * Returns the e-mail address under which a request acts: the signed-in person's own, or the one in
 * the request where nobody signs in.
 *
 * @param field the name of the field in the request
 * @param given its value
 * @throws TRPCError FORBIDDEN when the request names somebody else; BAD_REQUEST
 *   when nobody signs in and the request names nobody
 */
export function actingAs(
	identity: Identity,
	field: string,
	given: string | undefined,
): string {
	if (identity.method === "none") {
		if (given !== undefined) return given;
		throw invalidField(field, "Is required.");
	}
	if (given && canonicalAddress(given) !== identity.email_canonical) {
		const message = `${field} is ${given}, but you are signed in as ${identity.email}. Leave ${field} out: it is filled in from your sign-in.`;
		throw new Refusal("FORBIDDEN", message, {
			recorded: `${field}: names somebody else`,
		});
	}
	return identity.email;
}
