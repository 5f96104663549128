import { findRepository, hostOf } from "./forges.ts";

/** Characters of a repository's URL; one that is longer is none. */
export const MAX_URL_LENGTH = 500;

/** What the house adds to the rules. */
export interface RepositoryOptions {
	/** Host names by the name that stands for them, as `FORGE_ALIASES` gives them. */
	aliases?: ReadonlyMap<string, string>;
}

/** What identifies a repository; or a sentence that says why an address does not, and what to do. */
export type Repository =
	| { key: string; problem?: undefined }
	| { problem: string; key?: undefined };

/**
 * Reduces the URL of a repository to what identifies it: host and path in lower
 * case, without scheme, user, `www.`, query, fragment, `.git`, slashes at the
 * end, and the port where it is a default one or ssh's. The path is decoded once
 * and composed (NFC). What forges are known to have several spellings for is
 * given in one of them, and their pages count as the repository they show.
 *
 * @param url an `https`, `http` or `ssh` URL (`git+` before it is npm's way), or `user@host:path`
 * @returns the key, such as `github.com/intility/mcp-servicenow`; `%`, `#` and `?`
 *   in a name stand in it as escapes
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
	// All schemes are read as https, so that all hosts are normalised alike.
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

/** The key alone, or `undefined` where `readRepository` has a problem. */
export function repositoryKey(
	url: string,
	options?: RepositoryOptions,
): string | undefined {
	return readRepository(url, options).key;
}

/** Whether a text holds what shows as nothing: white space but the space, controls, what readers ignore. */
export function hasHidden(text: string): boolean {
	return hidden.test(text);
}

/** A filter whose addresses are given by their keys. */
export type ByKey<Filter extends { repository_url?: string | undefined }> =
	Omit<Filter, "repository_url"> & { canonical_key?: string };

/**
 * Gives the addresses in a filter by their keys, which all spellings share: the
 * repository that is asked for, and a text that is searched for where it is one.
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
			// What an alias makes no repository has no reports.
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
		"Must not hold a password or token: it would be kept, and shown to every reader. Leave out what stands before the @, as in https://github.com/owner/name.",
	hidden:
		"Must not hold hidden characters, as they are or behind percent-escapes, nor white space other than a space inside a name. Copy the address from the page of the repository, or type it.",
	escape:
		"Must have percent-escapes of UTF-8 alone, as in %20 for a space, and %25 for the sign itself.",
	twice:
		"Must not be percent-encoded twice. Send the address that git clones from.",
	slash:
		"Must not hide a slash in a name, nor hold a backslash. Send the address that git clones from.",
	up: "Must not hold the segment .. in its path. Send the address that it leads to.",
};

const schemeForm =
	/^(?:git\+)?(?<scheme>https?|ssh):\/\/(?<login>[^/?#\\]*@)?(?<authority>[^/?#@\\]+)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?(?:#(?<fragment>.*))?$/i;

/** `git@host:owner/name`, the short form of ssh; a port cannot be given in it. */
const scpForm =
	/^(?<login>[\w.-]+@)(?<authority>\[[^\]/?#@\\]+\]|[^:/?#@[\\]+):(?<path>[^?#]*)/;

/** Access tokens stand where the user does: known prefixes, or 32 letters and digits and more. */
const secretUser =
	/^(gh[a-z]_|github_pat_|glpat-|gldt-|ATCTT|ATBB|[A-Za-z0-9]{32,}$)/;

/**
 * What shows as nothing: white space but the space, control and unassigned
 * characters, and all that Unicode has readers ignore. Wider than what texts may
 * not hide (`hiddenCharacter`): no name needs an emoji's variant.
 */
const hidden = /[^\S ]|[\p{C}\p{Default_Ignorable_Code_Point}\u{2800}]/u;

/** A user or a segment of a path as it is meant. */
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
