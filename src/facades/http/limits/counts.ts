import { LRUCache } from "lru-cache";
import type { Counted } from "./queries.ts";

/** Milliseconds over which requests are counted, from the first one on. */
export const WINDOW = 60_000;

/** Keys that one process remembers; the one that was silent for longest is forgotten. */
export const MAX_REMEMBERED = 20_000;

/**
 * Counts so many more requests under a key.
 *
 * @param max how many the window may have, for counting no further than needed
 * @throws Error when they cannot be counted
 */
export type Count = (
	key: string,
	requests: number,
	max: number,
) => Promise<Counted>;

/** Counts in this process alone. */
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
