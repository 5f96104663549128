import { hash } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { LRUCache } from "lru-cache";
import type { Database } from "../../../platform/postgres/database.ts";
import { type Count, MAX_REMEMBERED, WINDOW } from "./counts.ts";
import { type Counted, countRequests, forgetPastWindows } from "./queries.ts";

/** Milliseconds that counting may delay a request. */
const PATIENCE = 1_000;

/** Milliseconds to wait after counting has failed before the next attempt. */
const PAUSE = 5_000;

/** Milliseconds between two deletions of windows that have ended. */
const CLEANING_INTERVAL = 60_000;

/**
 * Creates a counter shared by all instances, in a table of the database.
 *
 * While the database cannot count, every request passes and one line is logged.
 * A key that has exceeded its limit is remembered here until its window ends,
 * so that refusing it needs no query.
 *
 * @param app the counter cleans up when it closes
 */
export function countTogether(app: FastifyInstance, db: Database): Count {
	const exceeded = new LRUCache<string, Counted>({
		max: MAX_REMEMBERED,
		ttl: 1, // each entry has its own
	});
	let pausedUntil = 0;
	let isReported = false;

	async function ask(query: () => Promise<Counted>): Promise<Counted> {
		if (Date.now() < pausedUntil) throw new Error("counting is paused");
		try {
			const counted = await orTimeOut(query());
			isReported = false;
			return counted;
		} catch (error) {
			pausedUntil = Date.now() + PAUSE;
			if (!isReported) {
				isReported = true;
				app.log.warn(
					{ err: error },
					"requests cannot be counted in the database: none are refused until they can",
				);
			}
			throw error;
		}
	}

	const cleaning = setInterval(() => {
		forgetPastWindows(db).catch((error) =>
			app.log.debug({ err: error }, "past rate limits could not be deleted"),
		);
	}, CLEANING_INTERVAL);
	cleaning.unref();
	app.addHook("onClose", async () => clearInterval(cleaning));

	return async (key, requests, max) => {
		const id = idOf(key);
		const known = exceeded.get(id);
		if (known) return { ...known, remainingMs: exceeded.getRemainingTTL(id) };
		const counted = await ask(() => countRequests(db, id, requests, WINDOW));
		if (counted.requests > max && counted.remainingMs > 0) {
			exceeded.set(id, counted, { ttl: Math.ceil(counted.remainingMs) });
		}
		return counted;
	};
}

/** Returns an id of fixed length, however long the key is, so that no address or name is stored. */
function idOf(key: string): string {
	return hash("sha256", key, "base64url");
}

async function orTimeOut<T>(query: Promise<T>): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const timeOut = new Promise<never>((_resolve, reject) => {
		timer = setTimeout(
			() => reject(new Error(`no answer within ${PATIENCE} ms`)),
			PATIENCE,
		);
	});
	try {
		return await Promise.race([query, timeOut]);
	} finally {
		clearTimeout(timer);
	}
}
