import { LRUCache } from "lru-cache";

/** Milliseconds after which counting begins anew. */
const WINDOW = 60_000;

/** Askers of a kind that are counted one by one; of whoever is forgotten for others the sum remains. */
const MAX_KEYS = 10_000;

interface Count {
	end: number;
	let: number;
	leftOut: number;
}

/** Lets through so many of a kind a minute, and counts the others. */
export interface Throttle {
	/**
	 * @param kind what is asked: one kind takes nothing of another's. Of a few,
	 *   which no asker makes up
	 * @param asker who asks
	 * @returns how many of this kind were left out since the last one that was let
	 *   through; `undefined` when this one is left out too
	 */
	take(kind: string, asker: string): number | undefined;
}

/**
 * @param limits how many of a kind a minute are let through for each asker, and
 *   for all together
 * @param now milliseconds of any clock
 */
export function openThrottle(
	limits: { each: number; all: number },
	now: () => number = performance.now.bind(performance),
): Throttle {
	const fresh = (): Count => ({ end: now() + WINDOW, let: 0, leftOut: 0 });
	const sums = new Map<string, Count>();
	const counts = new LRUCache<string, { own: Count; all: Count }>({
		max: MAX_KEYS,
		dispose({ own, all }) {
			all.leftOut += own.leftOut;
		},
	});
	return {
		take(kind, asker) {
			const all = sums.get(kind) ?? fresh();
			sums.set(kind, all);
			const key = `${kind}\n${asker}`;
			const { own } = counts.get(key) ?? { own: fresh() };
			if (!counts.has(key)) counts.set(key, { own, all });
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
