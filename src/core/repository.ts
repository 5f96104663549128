import { findRepository, hostOf } from "./forges.ts";

/** Maximum length of a repository's URL in characters. */
export const MAX_URL_LENGTH = 500;

/** The operator's additions to the rules. */
export interface RepositoryOptions {
	/** Maps host names to the name that stands for them, as in `FORGE_ALIASES`. */
	aliases?: ReadonlyMap<string, string>;
}

/**
 * The key that identifies a repository; or a sentence that says why an address does not, and what
 * to do.
 */
export type Repository =
	| { key: string; problem?: undefined }
	| { problem: string; key?: undefined };

/**
 * Reduces the URL of a repository to its key: host and path in lower case, without scheme, user,
 * `www.`, query, fragment, `.git`, trailing slashes, and the port if it is a default one or ssh's.
 * The path is decoded once and composed (NFC). Where a forge is known to accept several spellings,
 * one of them is chosen; pages count as the repository they show.
 *
 * @param url an `https`, `http` or `ssh` URL (npm writes `git+` before it), or `user@host:path`
 * @returns the key, such as `github.com/intility/mcp-servicenow`; `%`, `#` and `?` in a name are
 * escaped
 */
export function readRepository(
	url: string,
	{ aliases }: RepositoryOptions = {},
): Repository {
	if (url.length > MAX_URL_LENGTH) {
		return { problem: `Must be at most ${MAX_URL_LENGTH} characters.` };
	}
	if (hidden.test(url)) return { problem: problems.hidden };
	const parts = (schemeForm.exec(url) ?? scpForm.exec(url))?.groups;
	if (!parts) return { problem: problems.form };
	const { scheme = "ssh", login = "", authority = "", path = "" } = parts;
	const { query = "", fragment = "" } = parts;
	// All schemes are parsed as https, so that all hosts are normalised alike.
	const parsed = URL.parse(`https://${login}${authority}`);
	if (!parsed) return { problem: problems.form };
	const [user, ...segments] = [parsed.username, ...path.split("/")].map(
		decodeSegment,
	);
	if (parsed.password || secretUser.test(user?.text ?? "")) {
		return { problem: problems.secret };
	}
	const problem = [user, ...segments].find((read) => read?.problem)?.problem;
	if (problem) return { problem };
	const isSsh = scheme.toLowerCase() === "ssh";
	const host = hostOf(parsed, { isSsh });
	const found = findRepository({
		host: aliases?.get(host) ?? host,
		user: inSmall(user?.text ?? ""),
		isSsh,
		query,
		fragment,
		segments: segments.flatMap(({ text = "" }) =>
			text === "" || text === "." ? [] : [inSmall(text)],
		),
	});
	if ("problem" in found) return found;
	const escaped = found.segments.map((name) =>
		name.replace(/[%#?]/g, encodeURIComponent).toLowerCase(),
	);
	return { key: `${found.host}/${escaped.join("/")}` };
}

/** Returns the key alone, or `undefined` where `readRepository` has a problem. */
export function repositoryKey(
	url: string,
	options?: RepositoryOptions,
): string | undefined {
	return readRepository(url, options).key;
}

/**
 * Returns whether a text contains invisible characters: white space other than the space, control
 * characters, and code points that are not displayed.
 */
export function hasHidden(text: string): boolean {
	return hidden.test(text);
}

/** A filter with repository keys in place of addresses. */
export type ByKey<Filter extends { repository_url?: string | undefined }> =
	Omit<Filter, "repository_url"> & { canonical_key?: string };

/**
 * Replaces the addresses in a filter by their keys, which all spellings share: the repository, and
 * the searched text if it is an address.
 */
export function byKey<
	Filter extends {
		repository_url?: string | undefined;
		search?: string | undefined;
	},
>(filter: Filter, options: RepositoryOptions): ByKey<Filter> {
	const { repository_url: url, search, ...others } = filter;
	return {
		...others,
		...(url !== undefined && {
			// An address that an alias makes invalid has no reports.
			canonical_key: repositoryKey(url, options) ?? "",
		}),
		...(search !== undefined && {
			search: repositoryKey(search, options) ?? search,
		}),
	} as ByKey<Filter>;
}

const problems = {
	form: "Must be the https, http, ssh or git@host:path URL of a repository, as in https://github.com/owner/name.",
	secret:
		"Must not contain a password or token: it would be stored, and shown to every reader. Leave out everything before the @, as in https://github.com/owner/name.",
	hidden:
		"Must not contain hidden characters, literal or percent-encoded, or white space other than a space inside a name. Copy the address from the page of the repository, or type it.",
	escape:
		"Must contain only percent-escapes of UTF-8, as in %20 for a space, and %25 for the percent sign itself.",
	twice:
		"Must not be percent-encoded twice. Send the address that git clones from.",
	slash:
		"Must not contain an encoded slash or a backslash. Send the address that git clones from.",
	up: "Must not contain the segment .. in its path. Send the address that it leads to.",
};

const schemeForm =
	/^(?:git\+)?(?<scheme>https?|ssh):\/\/(?<login>[^/?#\\]*@)?(?<authority>[^/?#@\\]+)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?(?:#(?<fragment>.*))?$/i;

/** Matches `git@host:owner/name`, the short form of ssh, which cannot include a port. */
const scpForm =
	/^(?<login>[\w.-]+@)(?<authority>\[[^\]/?#@\\]+\]|[^:/?#@[\\]+):(?<path>[^?#]*)/;

/**
 * Matches access tokens in the place of the user: known prefixes, or 32 and more letters and
 * digits.
 */
const secretUser =
	/^(gh[a-z]_|github_pat_|glpat-|gldt-|ATCTT|ATBB|[A-Za-z0-9]{32,}$)/;

/**
 * Invisible characters: white space other than the space, control and unassigned characters, and
 * all that Unicode calls ignorable. Stricter than for texts (`hiddenCharacter`): no name needs an
 * emoji's variant.
 */
const hidden = /[^\S ]|[\p{C}\p{Default_Ignorable_Code_Point}\u{2800}]/u;

/** Decodes a user or a path segment. */
function decodeSegment(
	segment: string,
):
	| { text: string; problem?: undefined }
	| { problem: string; text?: undefined } {
	let decoded: string;
	try {
		decoded = decodeURIComponent(segment);
	} catch {
		return { problem: problems.escape };
	}
	if (hidden.test(decoded)) return { problem: problems.hidden };
	if (decoded.trim() !== decoded) return { problem: problems.hidden };
	if (/[/\\]/.test(decoded)) return { problem: problems.slash };
	if (/%[\da-f]{2}/i.test(decoded)) return { problem: problems.twice };
	if (decoded === "..") return { problem: problems.up };
	return { text: decoded };
}

function inSmall(text: string): string {
	return text.toLowerCase().normalize("NFC");
}
