/** Characters of a repository's URL; one that is longer is none. */
export const MAX_URL_LENGTH = 500;

/**
 * Reduces a repository URL to what identifies the repository: host and path in
 * lower case, without scheme, user, port (443, 22, 80), query, fragment,
 * trailing slash or `.git`. `git@host:a/b` and `https://host/a/b.git` are one key.
 *
 * @param url an `https`, `http` or `ssh` URL, or `user@host:path`
 * @returns the key, such as `github.com/intility/mcp-servicenow`, or
 *   `undefined` when the text is no URL of a repository
 */
export function repositoryKey(url: string): string | undefined {
	if (url.length > MAX_URL_LENGTH) return;
	// The URL parser silently drops line breaks and tabs; a name must not hide any.
	if (/[\s\p{C}]/u.test(url)) return;
	const address =
		/^(?:https?|ssh):\/\/(?<rest>.+)$/i.exec(url)?.groups?.rest ??
		scpAddress(url);
	if (address === undefined) return;
	// All schemes are read as https, so that host and path are normalised alike.
	const parsed = URL.parse(`https://${address}`);
	// A secret in a URL would be kept for ever, and shown to every reader.
	if (!parsed || parsed.password || secretUser.test(parsed.username)) return;
	const port = ["22", "80", ""].includes(parsed.port) ? "" : `:${parsed.port}`;
	const path = withoutEndings(
		".git",
		parsed.pathname
			.split("/")
			.filter((segment) => segment !== "")
			.map(decodeSegment)
			.join("/"),
	);
	// What escapes hid is no more a name than if it had been written out.
	if (path === "" || /\p{C}/u.test(path)) return;
	const host = withoutEndings(".", parsed.hostname);
	return `${host}${port}/${path}`.toLowerCase();
}

/** Access tokens stand where the user does: known prefixes, or 32 letters and digits and more. */
const secretUser =
	/^(gh[a-z]_|github_pat_|glpat-|gldt-|ATCTT|ATBB|[A-Za-z0-9]{32,}$)/;

/** `git@host:owner/name`, the short form of ssh; a port cannot be given in it. */
function scpAddress(url: string): string | undefined {
	const parts =
		/^(?<user>[\w.-]+)@(?<host>[^:/@]+|\[[^\]]+\]):(?<path>.+)$/.exec(
			url,
		)?.groups;
	return parts && `${parts.user}@${parts.host}/${parts.path}`;
}

/** A text without what it ends in, however often; `/(\.git)+$/` would look from each `.git` to the end. */
function withoutEndings(ending: string, text: string): string {
	let { length } = text;
	while (
		text.slice(Math.max(0, length - ending.length), length).toLowerCase() ===
		ending
	) {
		length -= ending.length;
	}
	return text.slice(0, length);
}

function decodeSegment(segment: string): string {
	try {
		return decodeURIComponent(segment);
	} catch {
		return segment;
	}
}
