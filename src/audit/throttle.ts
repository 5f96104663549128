import { LRUCache } from "lru-cache";

/** Milliseconds after which counting begins anew. */
const WINDOW = 60_000;

/** Askers that are counted one by one; of whoever is forgotten for others the sum remains. */
const MAX_KEYS = 10_000;

interface Count {
	end: number;
	let: number;
	leftOut: number;
}

/** Lets through so many a minute, and counts the others. */
export interface Throttle {
	/**
	 * @param key who asks
	 * @returns how many were left out since the last one that was let through;
	 *   `undefined` when this one is left out too
	 */
	take(key: string): number | undefined;
}

/**
 * @param limits how many a minute are let through for each asker, and for all together
 * @param now milliseconds of any clock
 */
export function openThrottle(
	limits: { each: number; all: number },
	now: () => number = performance.now.bind(performance),
): Throttle {
	const fresh = (): Count => ({ end: now() + WINDOW, let: 0, leftOut: 0 });
	const all = fresh();
	const counts = new LRUCache<string, Count>({
		max: MAX_KEYS,
		dispose(count) {
			all.leftOut += count.leftOut;
		},
	});
	return {
		take(key) {
			const own = counts.get(key) ?? fresh();
			if (!counts.has(key)) counts.set(key, own);
			for (const count of [own, all]) {
				if (now() < count.end) continue;
				count.end = now() + WINDOW;
				count.let = 0;
			}
			if (own.let >= limits.each || all.let >= limits.all) {
				own.leftOut += 1;
				return undefined;
			}
			own.let += 1;
			all.let += 1;
			const leftOut = own.leftOut + all.leftOut;
			own.leftOut = 0;
			all.leftOut = 0;
			return leftOut;
		},
	};
}
