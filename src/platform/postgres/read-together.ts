import { setImmediate as afterWhatArrived } from "node:timers/promises";
import DataLoader from "dataloader";
import type { Database } from "./database.ts";

/** What is read in one query at the most: reports of 2 MiB are not small. */
const MAX_TOGETHER = 20;

/**
 * Reads with one query what several requests ask for in the same moment: for
 * small answers, going to the database costs more than what is found there.
 * The query begins after all of them have asked, so each sees what was
 * committed before. When it fails, it fails for all of them.
 *
 * @param read the answers in the order of the keys
 * @returns reads one
 */
export function readTogether<Key, Answer>(
	read: (db: Database, keys: readonly Key[]) => Promise<Answer[]>,
): (db: Database, key: Key) => Promise<Answer> {
	const loaders = new WeakMap<Database, DataLoader<Key, Answer>>();
	return (db, key) => {
		let loader = loaders.get(db);
		if (!loader) {
			loader = new DataLoader((keys: readonly Key[]) => read(db, keys), {
				cache: false,
				maxBatchSize: MAX_TOGETHER,
				batchScheduleFn: setImmediate,
			});
			loaders.set(db, loader);
		}
		return loader.load(key);
	};
}

/**
 * Asks the database once what several requests ask in the same words in the
 * same moment. They share the answer: it must not be changed.
 *
 * @param read answers one question
 * @returns the same, for a question that JSON can tell from every other
 */
export function readOnce<Question, Answer>(
	read: (db: Database, question: Question) => Promise<Answer>,
): (db: Database, question: Question) => Promise<Answer> {
	const waiting = new WeakMap<Database, Map<string, Promise<Answer>>>();
	return (db, question) => {
		const asked = waiting.get(db) ?? new Map<string, Promise<Answer>>();
		waiting.set(db, asked);
		const words = JSON.stringify(question);
		const known = asked.get(words);
		if (known) return known;
		const answer = afterWhatArrived().then(() => {
			asked.delete(words);
			return read(db, question);
		});
		asked.set(words, answer);
		return answer;
	};
}
