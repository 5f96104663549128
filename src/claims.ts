import { clientsOf } from "./access-token.ts";
import type { Config } from "./config.ts";
import { badToken, knownRoles, type Person, type Role } from "./identity.ts";

/** Which claims of a token say what. */
export type ClaimNames = Pick<
	Config,
	"OIDC_ROLES_CLAIM" | "OIDC_ROLES_ABSENT" | "OIDC_EMAIL_CLAIM"
>;

/** Who somebody is, as one token says. */
export type ShownPerson = Omit<Person, "roles"> & {
	/** `undefined` where it says nothing of them. */
	roles: Role[] | undefined;
};

/**
 * Who a token or an ID token is about.
 *
 * @throws TRPCError UNAUTHORIZED when it names no e-mail address
 */
export function readPerson(
	payload: Record<string, unknown>,
	names: ClaimNames,
): ShownPerson {
	const { OIDC_EMAIL_CLAIM } = names;
	if (typeof payload.sub !== "string" || payload.sub.trim() === "") {
		throw badToken(
			"The token does not say whom it is about, in its claim sub.",
		);
	}
	const email = readClaim(payload, OIDC_EMAIL_CLAIM);
	if (typeof email !== "string" || email.trim() === "" || email.length > 255) {
		throw badToken(
			`The token names no e-mail address in its claim ${OIDC_EMAIL_CLAIM}. Whoever runs the identity provider can add it, or name another claim in OIDC_EMAIL_CLAIM.`,
		);
	}
	// PostgreSQL keeps no NUL; nobody is called so.
	if (`${email}${payload.sub}${payload.name}`.includes("\0")) {
		throw badToken("The token's claims hold a character that no text can.");
	}
	// Some providers write it as a text.
	if (String(payload.email_verified) === "false") {
		throw badToken(
			"The identity provider has not verified the e-mail address.",
		);
	}
	return {
		subject: `${payload.iss} ${payload.sub}`,
		email: email.trim(),
		name: typeof payload.name === "string" ? payload.name : null,
		roles: readRoles(payload, names),
	};
}

/**
 * Which program a token is about. It has no address: it is named by its client,
 * in words that are nobody's address. Nor is it known by its `sub` as people
 * are, which may be the same (RFC 9068, section 5).
 *
 * @throws TRPCError UNAUTHORIZED
 */
export function readApplication(
	payload: Record<string, unknown>,
	names: ClaimNames,
): ShownPerson {
	const [client = payload.sub] = clientsOf(payload);
	if (`${payload.sub}${client}`.includes("\0")) {
		throw badToken("The token's claims hold a character that no text can.");
	}
	return {
		subject: `application ${payload.iss} ${payload.sub}`,
		email: `application ${client}`,
		name: null,
		roles: readRoles(payload, names),
	};
}

/** Somebody's roles; `undefined` where the token says nothing of them. */
function readRoles(
	payload: Record<string, unknown>,
	{ OIDC_ROLES_CLAIM, OIDC_ROLES_ABSENT }: ClaimNames,
): Role[] | undefined {
	const claimed = readClaim(payload, OIDC_ROLES_CLAIM);
	if (claimed === undefined && OIDC_ROLES_ABSENT === "known") return undefined;
	return knownRoles(claimed);
}

/** Whether a token says anything by this name. */
export function hasClaim(
	payload: Record<string, unknown>,
	name: string,
): boolean {
	return readClaim(payload, name) !== undefined;
}

/** Claims may be nested, as in `realm_access.roles`, or have a URL for a name. */
function readClaim(payload: Record<string, unknown>, name: string): unknown {
	if (Object.hasOwn(payload, name)) return payload[name];
	return name
		.split(".")
		.reduce<unknown>(
			(value, key) =>
				typeof value === "object" && value !== null && Object.hasOwn(value, key)
					? (value as Record<string, unknown>)[key]
					: undefined,
			payload,
		);
}
