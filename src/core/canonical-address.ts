import { domainToASCII } from "node:url";
import { z } from "zod";

/**
 * Maximum length of an address in characters, both as given and in canonical form: the column's
 * limit in the database.
 */
const MAX_LENGTH = 255;

/**
 * Characters that an address must not contain: invisible ones (Unicode's control and format
 * characters, and those that fonts ignore), white space, code points that this version of Unicode
 * does not assign (their canonical form could change), and those that occur only in quoted or
 * commented addresses (RFC 5322, section 3.2.3), which have many spellings.
 */
const FORBIDDEN = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}"(),:;<>[\\\]]/u;

/**
 * Checked before IDNA: `domainToASCII` parses a URL's host, so it stops at a slash, decodes `%62`
 * and evaluates `0x7f.1`.
 */
const DOMAIN = /^[\p{L}\p{M}\p{N}.\u3002-]+$/u;

/** Checked after IDNA: labels of a host name (RFC 1123), the last of which is not a number. */
const HOST_NAME = /^(?=.{1,253}$)([a-z\d-]{1,63}\.)*(?!\d+$)[a-z\d-]{1,63}$/;

/**
 * Returns the form in which e-mail addresses are compared: all spellings of an address share it.
 * NFKC, full lower case (RFC 6531 allows every letter), and the domain as IDNA ASCII (UTS 46)
 * without a trailing dot. A tag (`name+tag@`) is kept: see `isSameMailbox`.
 *
 * @param address as entered
 * @returns its canonical form (the canonical form of a canonical form is itself); `undefined` when
 * it is not an address that can be compared safely
 */
export function canonicalAddress(address: string): string | undefined {
	if (address.length > MAX_LENGTH || FORBIDDEN.test(address)) return undefined;
	const [local = "", domain = "", ...rest] = address
		.normalize("NFKC")
		.split("@");
	const name = inLowerCase(local);
	const host = hostName(domain);
	const canonical = `${name}@${host}`;
	const isAddress =
		rest.length === 0 &&
		name !== "" &&
		host !== undefined &&
		canonical.length <= MAX_LENGTH &&
		// Again: composing may have produced a forbidden character.
		!FORBIDDEN.test(canonical.normalize("NFD"));
	return isAddress ? canonical : undefined;
}

/**
 * Returns whether two texts spell one address; a text that is not an address equals only itself.
 */
export function isSameAddress(one: string, other: string): boolean {
	return (
		one === other ||
		(canonicalAddress(one) ?? one) === (canonicalAddress(other) ?? other)
	);
}

/** Whether an address with a tag is the same mailbox as the one without (`PLUS_ADDRESSES`). */
export type PlusAddresses = "same" | "different";

/**
 * Returns whether mail to two addresses reaches one person.
 *
 * @param one in canonical form, as the other; `null` where there is none, which matches nothing
 * @param plusAddresses `same`: `kari+mcp@example.com` is `kari@example.com`
 */
export function isSameMailbox(
	one: string | null,
	other: string | null,
	plusAddresses: PlusAddresses,
): boolean {
	if (one === null || other === null) return false;
	return plusAddresses === "same"
		? withoutTag(one) === withoutTag(other)
		: one === other;
}

function withoutTag(canonical: string): string {
	// Something must remain before the tag.
	return canonical.replace(/^([^+@]+)\+[^@]*/, "$1");
}

function inLowerCase(text: string): string {
	return (
		text
			.toLowerCase()
			// Lower-casing can separate a letter from the mark above it.
			.normalize("NFKC")
			// One letter with a special form at the end of a word.
			.replaceAll("ς", "σ")
	);
}

function hostName(domain: string): string | undefined {
	if (!DOMAIN.test(domain)) return undefined;
	const name = domainToASCII(domain).replace(/\.$/, "");
	return HOST_NAME.test(name) ? name : undefined;
}

/**
 * Returns whether a text is an e-mail address; letters of every language are allowed before the @
 * (RFC 6531) and after it (IDN).
 */
export function isEmailAddress(address: string): boolean {
	const plain = canonicalAddress(address)?.replace(/[\p{L}\p{M}]/gu, "x");
	return plain !== undefined && z.regexes.email.test(plain);
}
