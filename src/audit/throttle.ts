import { LRUCache } from "lru-cache";

/** Milliseconds after which counting begins anew. */
const WINDOW = 60_000;

/** Askers of a kind that are counted one by one; of whoever is forgotten for others the sum remains. */
const MAX_KEYS = 10_000;

interface Count<Note> {
	end: number;
	let: number;
	leftOut: number;
	/** About the last one that was left out. */
	note: Note;
}

/** How many were left out, of whom none was let through since. */
export interface LeftOut<Note> {
	count: number;
	/** About the last of them. */
	note: Note;
	/** Whether they are of several askers. */
	isOfSeveral: boolean;
	/** Counts them again, as of several askers: they could not be told of. */
	restore(): void;
}

/** Askers of a kind who are told of one by one; the rest are told of together. */
const MAX_TOLD = 20;

/** Lets through so many of a kind a minute, and counts the others. */
export interface Throttle<Note> {
	/**
	 * @param kind what is asked: one kind takes nothing of another's. Of a few,
	 *   which no asker makes up
	 * @param asker who asks
	 * @param note what is to be known of it if it is left out
	 * @returns how many of this kind were left out since the last one that was let
	 *   through; `undefined` when this one is left out too
	 */
	take(kind: string, asker: string, note: Note): number | undefined;
	/** Hands over what was left out and not told of yet: of each kind those of whom it was most, the rest together. */
	drain(): LeftOut<Note>[];
}

/**
 * @param limits how many of a kind a minute are let through for each asker, and
 *   for all together
 * @param now milliseconds of any clock
 */
export function openThrottle<Note>(
	limits: { each: number; all: number },
	now: () => number = performance.now.bind(performance),
): Throttle<Note> {
	const fresh = (note: Note): Count<Note> => ({
		end: now() + WINDOW,
		let: 0,
		leftOut: 0,
		note,
	});
	const sums = new Map<string, Count<Note>>();
	const counts = new LRUCache<string, { own: Count<Note>; all: Count<Note> }>({
		max: MAX_KEYS,
		dispose({ own, all }) {
			all.leftOut += own.leftOut;
		},
	});
	return {
		take(kind, asker, note) {
			const all = sums.get(kind) ?? fresh(note);
			sums.set(kind, all);
			const key = `${kind}\n${asker}`;
			const { own } = counts.get(key) ?? { own: fresh(note) };
			if (!counts.has(key)) counts.set(key, { own, all });
			for (const count of [own, all]) {
				if (now() < count.end) continue;
				count.end = now() + WINDOW;
				count.let = 0;
			}
			if (own.let >= limits.each || all.let >= limits.all) {
				own.leftOut += 1;
				own.note = note;
				all.note = note;
				return undefined;
			}
			own.let += 1;
			all.let += 1;
			return clear(own) + clear(all);
		},
		drain() {
			const waiting = [...counts.values()].filter(({ own }) => own.leftOut > 0);
			const kinds = Map.groupBy(waiting, ({ all }) => all);
			return [...sums.values()].flatMap((all) => {
				const askers = (kinds.get(all) ?? [])
					.map(({ own }) => own)
					.sort((one, other) => other.leftOut - one.leftOut);
				for (const rest of askers.splice(MAX_TOLD)) all.leftOut += clear(rest);
				return [...askers, all]
					.filter(({ leftOut }) => leftOut > 0)
					.map((told) => {
						const count = clear(told);
						return {
							count,
							note: told.note,
							isOfSeveral: told === all,
							restore() {
								all.leftOut += count;
							},
						};
					});
			});
		},
	};
}

function clear(count: { leftOut: number }): number {
	const { leftOut } = count;
	count.leftOut = 0;
	return leftOut;
}
