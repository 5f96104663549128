import { canonicalAddress } from "../core/canonical-address.ts";
import type { Config } from "../core/config.ts";
import { Refusal } from "../core/errors.ts";
import type { Role } from "../core/words.ts";
import { clientsOf } from "./access-token.ts";
import { badToken, knownRoles, type Person } from "./identity.ts";

/** The names of the claims to read. */
export type ClaimNames = Pick<
	Config,
	| "OIDC_ROLES_CLAIM"
	| "OIDC_ROLES_ABSENT"
	| "OIDC_EMAIL_CLAIM"
	| "OIDC_EMAIL_VERIFIED"
>;

/** A person as described by one token. */
export type ShownPerson = Omit<Person, "roles"> & {
	/** `undefined` where the token does not mention roles. */
	roles: Role[] | undefined;
};

/**
 * Reads the person that a token or an ID token is about.
 *
 * @throws TRPCError UNAUTHORIZED when it has no e-mail address, or an unverified one; its cause has
 * `isOfClaims`, since only the operator can fix that
 */
export function readPerson(
	payload: Record<string, unknown>,
	claimNames: ClaimNames,
): ShownPerson {
	if (typeof payload.sub !== "string" || payload.sub.trim() === "") {
		throw unfitClaims("The token does not name its subject in the claim sub.");
	}
	// PostgreSQL cannot store NUL, and no name contains it.
	if (`${payload.sub}${payload.name}`.includes("\0")) {
		throw unfitClaims("The token's claims contain a NUL character.");
	}
	return {
		subject: `${payload.iss} ${payload.sub}`,
		...readAddress(payload, claimNames),
		name: typeof payload.name === "string" ? payload.name : null,
		roles: readRoles(payload, claimNames),
	};
}

/** Reads a person's e-mail address, as shown and as compared. */
function readAddress(
	payload: Record<string, unknown>,
	{ OIDC_EMAIL_CLAIM, OIDC_EMAIL_VERIFIED }: ClaimNames,
): Pick<Person, "email" | "email_canonical"> {
	const claimed = readClaim(payload, OIDC_EMAIL_CLAIM);
	if (typeof claimed !== "string" || claimed.trim() === "") {
		throw unfitClaims(
			`The token has no e-mail address in its claim ${OIDC_EMAIL_CLAIM}. The identity provider's administrator can add it; or name another claim in OIDC_EMAIL_CLAIM.`,
		);
	}
	// Only spaces are removed: the other characters that `trim` removes are invisible, and refused.
	const email = claimed.replace(/^ +|(?<! ) +$/g, "");
	const email_canonical = canonicalAddress(email);
	if (email_canonical === undefined) {
		throw unfitClaims(
			`The token's claim ${OIDC_EMAIL_CLAIM} is not an e-mail address: a name, one @ and a host name, without spaces, quotes and hidden characters, of at most 255 characters. The identity provider's administrator can correct it; or name another claim in OIDC_EMAIL_CLAIM.`,
		);
	}
	const said = whatIsSaidOf(email_canonical, payload);
	if (said === "unverified") {
		throw unfitClaims(
			"The identity provider has not verified the e-mail address.",
		);
	}
	if (said === "nothing" && OIDC_EMAIL_VERIFIED === "required") {
		throw unfitClaims(
			`The identity provider does not say that the e-mail address in the claim ${OIDC_EMAIL_CLAIM} is verified: the token has neither email_verified nor xms_edov for it. The identity provider's administrator can add one; if nobody there can have somebody else's address, OIDC_EMAIL_VERIFIED=trusted accepts addresses without it.`,
		);
	}
	return { email, email_canonical };
}

/**
 * Reads whether the provider verified an address: `email_verified` (OpenID Connect Core, section
 * 5.1), which some write as a text, and Entra ID's `xms_edov`. Both refer to the claim `email`
 * alone: for another claim, a yes proves nothing.
 */
function whatIsSaidOf(
	address: string,
	{ email, email_verified, xms_edov }: Record<string, unknown>,
): "verified" | "unverified" | "nothing" {
	const answers = [
		email_verified === undefined || isTrue(email_verified),
		xms_edov === undefined ||
			isTrue(xms_edov) ||
			[1, "1"].includes(xms_edov as never),
	];
	if (answers.includes(false)) return "unverified";
	const isAbout =
		typeof email === "string" && canonicalAddress(email) === address;
	return isAbout && saysWhetherVerified({ email_verified, xms_edov })
		? "verified"
		: "nothing";
}

/** Returns whether a token says that its address is verified, or that it is not. */
export function saysWhetherVerified({
	email_verified,
	xms_edov,
}: Record<string, unknown>): boolean {
	return email_verified !== undefined || xms_edov !== undefined;
}

function isTrue(claim: unknown): boolean {
	return claim === true || claim === "true";
}

/** Returns a 401 that the operator must fix: signing in again would not help. */
function unfitClaims(detail: string): Refusal {
	const { code, message, facts } = badToken(detail);
	return new Refusal(code, message, { ...facts, isOfClaims: true });
}

/**
 * Reads the program that a token is about. It has no address: it is named after its client, in a
 * form that is not an address. Nor is it identified by its `sub` as people are, since that may be
 * the same (RFC 9068, section 5).
 *
 * @throws TRPCError UNAUTHORIZED
 */
export function readApplication(
	payload: Record<string, unknown>,
	names: ClaimNames,
): ShownPerson {
	const [client = payload.sub] = clientsOf(payload);
	if (`${payload.sub}${client}`.includes("\0")) {
		throw unfitClaims("The token's claims contain a NUL character.");
	}
	const email = `application ${client}`;
	return {
		subject: `application ${payload.iss} ${payload.sub}`,
		email,
		email_canonical: email,
		name: null,
		roles: readRoles(payload, names),
	};
}

/** Reads a person's roles; `undefined` where the token does not mention them. */
function readRoles(
	payload: Record<string, unknown>,
	{ OIDC_ROLES_CLAIM, OIDC_ROLES_ABSENT }: ClaimNames,
): Role[] | undefined {
	const claimed = readClaim(payload, OIDC_ROLES_CLAIM);
	if (claimed === undefined && OIDC_ROLES_ABSENT === "known") return undefined;
	return knownRoles(claimed);
}

/** Returns whether a token has a claim of this name. */
export function hasClaim(
	payload: Record<string, unknown>,
	name: string,
): boolean {
	return readClaim(payload, name) !== undefined;
}

/** Reads a claim, which may be nested, as in `realm_access.roles`, or have a URL as its name. */
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
