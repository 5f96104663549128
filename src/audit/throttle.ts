import { LRUCache } from "lru-cache";

/** Milliseconds after which counting starts again. */
const WINDOW = 60_000;

/**
 * Callers counted individually per kind; when one is evicted, its events still count in the total.
 */
const MAX_KEYS = 10_000;

interface Count<Note> {
	end: number;
	let: number;
	leftOut: number;
	/** The note of the last event left out. */
	note: Note;
}

/** Events left out of callers who have had none let through since. */
export interface LeftOut<Note> {
	count: number;
	/** The note of the last of them. */
	note: Note;
	/** Whether they come from several callers. */
	isOfSeveral: boolean;
	/** Counts them again, as from several callers, because they could not be reported. */
	restore(): void;
}

/** Callers per kind that are reported individually; the rest are reported together. */
const MAX_TOLD = 20;

/** Lets through a limited number of events per kind and minute, and counts the others. */
export interface Throttle<Note> {
	/**
	 * @param kind what is requested; kinds do not share limits. There must be few, and callers must
	 * not be able to invent new ones
	 * @param asker the caller
	 * @param note what to remember if the event is left out
	 * @returns how many events of this kind were left out since the last one let through; `undefined`
	 * when this one is left out as well
	 */
	take(kind: string, asker: string, note: Note): number | undefined;
	/**
	 * Returns what was left out and not reported yet: for each kind, the callers with the most events
	 * individually, the rest together.
	 */
	drain(): LeftOut<Note>[];
}

/**
 * @param limits events per kind and minute that are let through, for each caller and in total
 * @param now returns milliseconds; any clock will do
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
