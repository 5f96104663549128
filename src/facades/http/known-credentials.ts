import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";

/** Milliseconds for which what was accepted is remembered, from the last time on. */
const REMEMBERED = 10 * 60_000;

/** Credentials that one process remembers; those unused for longest are forgotten. */
const MAX_REMEMBERED = 20_000;

/** Credentials that were accepted within the last minutes. */
export interface KnownCredentials {
	/** @param credentials as they stand in the header; a hash of them is kept */
	add(credentials: string): void;
	has(credentials: string): boolean;
}

/**
 * Remembers what was accepted here, so that somebody who guesses from an address
 * shuts out nobody who works from the same one. It proves nothing: what is known
 * is looked at again every time.
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
