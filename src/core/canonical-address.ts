import { domainToASCII } from "node:url";
import { z } from "zod";

/** Characters of an address at the most, as it is shown and as it is compared: the database keeps no more. */
const MAX_LENGTH = 255;

/**
 * What an address does not hold: what is not seen (Unicode's control and format
 * characters, and those that fonts ignore), white space, what this version of
 * Unicode does not know yet (its form could change), and what only stands in
 * quoted or commented addresses (RFC 5322, section 3.2.3), of which one has many
 * spellings.
 */
const FORBIDDEN = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}"(),:;<>[\\\]]/u;

/** Before IDNA: `domainToASCII` reads a URL's host, and stops at a slash, decodes `%62` and computes `0x7f.1`. */
const DOMAIN = /^[\p{L}\p{M}\p{N}.\u3002-]+$/u;

/** After it: labels of a host name (RFC 1123), the last of which is no number. */
const HOST_NAME = /^(?=.{1,253}$)([a-z\d-]{1,63}\.)*(?!\d+$)[a-z\d-]{1,63}$/;

/**
 * The one form in which e-mail addresses are compared: two spellings of an
 * address have the same one. NFKC, full lower case (RFC 6531 allows every
 * letter), and the domain as IDNA ASCII (UTS 46) without a dot at its end. A tag
 * (`name+tag@`) is kept: see `isSameMailbox`.
 *
 * @param address as somebody gives it
 * @returns its canonical form, of which the canonical form is itself; `undefined`
 *   when it is no address that could be compared safely
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
		// Again: a character may be put together from others, and is refused with them.
		!FORBIDDEN.test(canonical.normalize("NFD"));
	return isAddress ? canonical : undefined;
}

/** Whether two texts spell one address; what is no address is itself alone. */
export function isSameAddress(one: string, other: string): boolean {
	return (
		one === other ||
		(canonicalAddress(one) ?? one) === (canonicalAddress(other) ?? other)
	);
}

/** Whether an address with a tag is the same mailbox as the one without: `PLUS_ADDRESSES`. */
export type PlusAddresses = "same" | "different";

/**
 * Whether what is sent to two addresses reaches one person.
 *
 * @param one in canonical form, as the other; `null` where there is none, which
 *   is nobody's
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
	// Something must be left before the tag.
	return canonical.replace(/^([^+@]+)\+[^@]*/, "$1");
}

function inLowerCase(text: string): string {
	return (
		text
			.toLowerCase()
			// A letter in lower case may stand apart from the mark that it had above it.
			.normalize("NFKC")
			// One letter, which is written so at the end of a word.
			.replaceAll("ς", "σ")
	);
}

function hostName(domain: string): string | undefined {
	if (!DOMAIN.test(domain)) return undefined;
	const name = domainToASCII(domain).replace(/\.$/, "");
	return HOST_NAME.test(name) ? name : undefined;
}

/** Whether a text is an e-mail address: letters of every language are allowed, before the @ (RFC 6531) and after it (IDN). */
export function isEmailAddress(address: string): boolean {
	const plain = canonicalAddress(address)?.replace(/[\p{L}\p{M}]/gu, "x");
	return plain !== undefined && z.regexes.email.test(plain);
}
