/** Maximum length of an address that is carried through a sign-in, in characters. */
const MAX_LENGTH = 2000;

/**
 * Returns a path of this service, with its query, from a given address.
 *
 * @returns `undefined` for anything that a browser could take for a foreign
 *   address, however it is encoded
 */
export function localPath(given: unknown): string | undefined {
	if (typeof given !== "string" || given.length > MAX_LENGTH) return undefined;
	// Browsers treat a backslash as a slash, and drop tabs and line breaks.
	if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(given)) return undefined;
	const url = URL.parse(given, ORIGIN);
	if (url?.origin !== ORIGIN) return undefined;
	const path = decodeFully(url.pathname);
	// Dots may have been resolved, and a proxy may decode: `/.//host`, `/%2fhost`.
	if (path === undefined || /^\/[/\\]|\\/.test(path)) return undefined;
	return url.pathname + url.search;
}

const ORIGIN = "https://go-live.invalid";

/** Decodes a text completely; `undefined` if it is not valid text or is encoded too many times. */
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
