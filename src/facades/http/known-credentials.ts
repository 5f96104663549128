import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";

/** How long accepted credentials are remembered after their last use, in milliseconds. */
const REMEMBERED = 10 * 60_000;

/** Maximum number of credentials that one process remembers; the least recently used are forgotten first. */
const MAX_REMEMBERED = 20_000;

/** Credentials that were accepted within the last few minutes. */
export interface KnownCredentials {
	/** @param credentials as they appear in the header; a hash of them is stored */
	add(credentials: string): void;
	has(credentials: string): boolean;
}

/**
 * Remembers accepted credentials, so that somebody who guesses from an address
 * does not shut out those who work from the same one. It proves nothing: known
 * credentials are verified again every time.
 */
export function rememberCredentials(): KnownCredentials {
	const known = new LRUCache<string, true>({
		max: MAX_REMEMBERED,
		ttl: REMEMBERED,
	});
	const keyOf = (credentials: string) =>
		hash("sha256", credentials, "base64url");
	return {
		add: (credentials) => void known.set(keyOf(credentials), true),
		has: (credentials) => known.has(keyOf(credentials)),
	};
}
