import { LRUCache } from "lru-cache";
import type { Counted } from "./queries.ts";

/** Length of the counting window in milliseconds, from the first request on. */
export const WINDOW = 60_000;

/** Maximum number of keys that one process remembers; the least recently used is forgotten first. */
export const MAX_REMEMBERED = 20_000;

/**
 * Adds a number of requests to a key.
 *
 * @param max the limit of the window, beyond which counting is not needed
 * @throws Error when they cannot be counted
 */
export type Count = (
	key: string,
	requests: number,
	max: number,
) => Promise<Counted>;

/** Creates a counter for this process alone. */
export function countHere(): Count {
	const windows = new LRUCache<string, { requests: number; endsAt: number }>({
		max: MAX_REMEMBERED,
	});
	return async (key, requests) => {
		const now = Date.now();
		const known = windows.get(key);
		const window =
			known && known.endsAt > now
				? { requests: known.requests + requests, endsAt: known.endsAt }
				: { requests, endsAt: now + WINDOW };
		windows.set(key, window);
		return { requests: window.requests, remainingMs: window.endsAt - now };
	};
}
