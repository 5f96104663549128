import { setImmediate as afterWhatArrived } from "node:timers/promises";
import DataLoader from "dataloader";
import type { Database } from "./database.ts";

/** Maximum number of keys read in one query: reports of 2 MiB are not small. */
const MAX_TOGETHER = 20;

/**
 * Combines what several requests read at the same moment into one query: for small answers, the
 * round trip to the database costs more than the query. The query starts after all of them have
 * asked, so each sees what was committed before. If it fails, it fails for all of them.
 *
 * @param read returns the answers in the order of the keys
 * @returns a function that reads one
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
 * Combines identical questions of several requests at the same moment into one query. They share
 * the answer, so it must not be modified.
 *
 * @param read answers one question
 * @returns the same function, for questions that differ in JSON
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
