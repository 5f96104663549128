import { canonicalAddress } from "../core/canonical-address.ts";
import { invalidField, Refusal } from "../core/errors.ts";
import {
	type AuthenticationMethod,
	type Permission,
	permissions,
	type Role,
	roles,
} from "../core/words.ts";

/** What takes a person: nothing else has these, whatever its roles or scopes say. */
export const personalPermissions: readonly Permission[] = [
	"reports:submit",
	"reports:decide",
	"tokens:own",
	"tokens:manage",
	"sessions:own",
	"sessions:manage",
];

/** What each role may do; who has several roles may do what any of them may. */
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

/** Who somebody is, as the identity provider says. */
export interface Person {
	/** For ever the same: the issuer and its `sub`, with a space between (OpenID Connect Core, section 2). */
	subject: string;
	/** What stands in `developer_email` and `reviewed_by`. It owns nothing. */
	email: string;
	/** By which addresses are compared: see `canonicalAddress`. */
	email_canonical: string;
	name: string | null;
	roles: Role[];
}

/**
 * What asks: a person, or a program of nobody's: one that the identity provider
 * knows by itself, or one with a service token of ours.
 */
export type IdentityKind = "person" | "application" | "service_token";

/** Who is asking. */
export type Identity =
	/** The service runs without authentication: whoever reaches it may do everything. */
	| { method: "none" }
	| (Person & {
			kind: IdentityKind;
			method: AuthenticationMethod;
			/** What this request may do: what the roles allow, and the token is not too narrow for. */
			permissions: ReadonlySet<Permission>;
			/** When the provider's token ends that was shown, in seconds since 1970. */
			expiresAt?: number;
			/** The token is the provider's and has no scope of ours: it may nothing. */
			isScopeless?: true;
			/** The token was given to a client that approves by itself (`OIDC_APPROVING_CLIENTS`). */
			isApprovingClient?: true;
			/** The id of the browser's session, where there is one. */
			session?: string;
	  });

/** Somebody whose identity is proven. */
export type ProvenIdentity = Exclude<Identity, { method: "none" }>;

/** The parts of a person's subject: no issuer has a space in it. */
export function splitSubject(subject: string): { issuer: string; sub: string } {
	const end = subject.indexOf(" ");
	return { issuer: subject.slice(0, end), sub: subject.slice(end + 1) };
}

/** Everybody, where the service runs without authentication. */
export const anybody: Identity = { method: "none" };

/**
 * What somebody may do: the smaller of what the roles allow and what the token is for.
 *
 * @param scopes what the token is for; absent where there is none, or it is for everything
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

/** What a service token may do: its scopes, but for what takes a person. */
export function grantService(
	scopes: readonly Permission[],
): ReadonlySet<Permission> {
	return new Set(
		scopes.filter((scope) => !personalPermissions.includes(scope)),
	);
}

/** Keeps of what a provider says only roles that this service knows. */
export function knownRoles(claimed: unknown): Role[] {
	const names = (Array.isArray(claimed) ? claimed : [claimed]) as unknown[];
	return roles.filter((role) => names.includes(role));
}

export function may(identity: Identity, permission: Permission): boolean {
	return identity.method === "none" || identity.permissions.has(permission);
}

/** 401: nobody is signed in. */
export function notSignedIn(): Refusal {
	const detail =
		"Sign in first: send an access token as Authorization: Bearer …";
	return unauthorized(detail, "");
}

/** 401: what was shown proves nothing. */
export function badToken(detail: string): Refusal {
	return unauthorized(
		detail,
		`error="invalid_token", error_description="${quotable(detail)}"`,
	);
}

function unauthorized(detail: string, challenge: string): Refusal {
	return new Refusal("UNAUTHORIZED", detail, { challenge });
}

/** What of a sentence can stand in a quoted part of `WWW-Authenticate` (RFC 6750, section 3). */
function quotable(sentence: string): string {
	return sentence.replace(/[^ -!#-[\]-~]/g, "'");
}

/**
 * 403: signed in, but without the permission. The answer's `WWW-Authenticate`
 * names it, so that a client can ask for more (RFC 6750, section 3.1).
 */
export function notPermitted(
	identity: ProvenIdentity,
	permission: Permission,
): Refusal {
	const { kind, email } = identity;
	if (kind !== "person" && personalPermissions.includes(permission)) {
		// No scope would help, so none is named.
		return forbidden(
			`To ${permissions[permission]} takes a person: ${email} is a program, and acts for nobody.`,
		);
	}
	// A service token has no roles: all that it may do are its scopes.
	if (kind !== "service_token" && !grant(identity).has(permission)) {
		const holders = roles.filter((role) =>
			permissionsOf[role].includes(permission),
		);
		return forbidden(
			`To ${permissions[permission]} takes the role ${holders.join(" or ")}; ${email} has ${identity.roles.join(" and ") || "no role"} here. Whoever runs the identity provider can assign it.`,
			[permission],
		);
	}
	if (identity.isScopeless) return scopelessToken([permission]);
	return forbidden(
		`This token does not have the scope ${permission}. Use one that has it.`,
		[permission],
	);
}

/** 403: a token of the provider that has no scope of ours. */
export function scopelessToken(needed: readonly Permission[]): Refusal {
	return forbidden(
		`This token has no scope of this service, so it may nothing here. Ask the identity provider for one with the scope ${needed.join(" ")}. Whoever runs the service can let such tokens do all that the roles allow, with OIDC_SCOPELESS=roles.`,
		needed,
	);
}

/** @param scopes with which it would be permitted */
function forbidden(detail: string, scopes?: readonly Permission[]): Refusal {
	const challenge =
		scopes && `error="insufficient_scope", scope="${scopes.join(" ")}"`;
	return new Refusal("FORBIDDEN", detail, { challenge });
}

/**
 * The e-mail address under which something is done: the signed-in person's own,
 * or what the request says where nobody signs in.
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
		const message = `${field} is ${given}, but you are signed in as ${identity.email}. Leave ${field} out: it is filled from who you are.`;
		throw new Refusal("FORBIDDEN", message, {
			recorded: `${field}: names somebody else`,
		});
	}
	return identity.email;
}
