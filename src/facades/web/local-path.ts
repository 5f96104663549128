/** Characters of an address that are carried through a sign-in. */
const MAX_LENGTH = 2000;

/**
 * A path of this service, with its query, out of what an address says.
 *
 * @returns `undefined` for anything that a browser could take for an address
 *   elsewhere, however it is encoded
 */
export function localPath(given: unknown): string | undefined {
	if (typeof given !== "string" || given.length > MAX_LENGTH) return undefined;
	// Browsers take a backslash for a slash, and drop tabs and line breaks.
	if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(given)) return undefined;
	const url = URL.parse(given, ORIGIN);
	if (url?.origin !== ORIGIN) return undefined;
	const path = decodeFully(url.pathname);
	// Dots may have been resolved, and a proxy may decode: `/.//host`, `/%2fhost`.
	if (path === undefined || /^\/[/\\]|\\/.test(path)) return undefined;
	return url.pathname + url.search;
}

const ORIGIN = "https://go-live.invalid";

/** `undefined` for what is no text, or is encoded again and again. */
function decodeFully(text: string): string | undefined {
	let decoded = text;
	for (let round = 0; round < 5; round++) {
		let next: string;
		try {
			next = decodeURIComponent(decoded);
		} catch {
			return undefined;
		}
		if (next === decoded) return decoded;
		decoded = next;
	}
	return undefined;
}
