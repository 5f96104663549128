import { hash } from "node:crypto";
import type {
	FastifyRateLimitStore,
	FastifyRateLimitStoreCtor,
} from "@fastify/rate-limit";
import type { FastifyInstance } from "fastify";
import { LRUCache } from "lru-cache";
import type { Database } from "../database.ts";
import {
	type Counted,
	countRequest,
	forgetPastWindows,
	readCount,
} from "./queries.ts";

/** Milliseconds that counting may hold up a request. */
const PATIENCE = 1_000;

/** Milliseconds without another try after counting has failed. */
const PAUSE = 5_000;

/** Milliseconds between two deletions of what counts no longer. */
const CLEANING_INTERVAL = 60_000;

/** Exceeded keys that one process remembers. */
const MAX_REMEMBERED = 20_000;

/**
 * Where all instances count requests together: a table of the database.
 *
 * While the database cannot count, every request passes, and the log has one
 * line. A key that has exceeded its limit is remembered here until its window
 * ends, so that refusing costs no query.
 *
 * @param app cleans up after itself when it closes
 * @returns what the rate limiter makes its store with
 */
export function keepSharedStore(
	app: FastifyInstance,
	db: Database,
): FastifyRateLimitStoreCtor {
	const exceeded = new LRUCache<string, Counted>({
		max: MAX_REMEMBERED,
		ttl: 1, // each entry has its own
	});
	let pausedUntil = 0;
	let isReported = false;

	async function count(
		id: string,
		windowMs: number,
		max: number,
	): Promise<Counted> {
		const known = exceeded.get(id);
		if (known) return { ...known, remainingMs: exceeded.getRemainingTTL(id) };
		const counted = await ask(() => countRequest(db, id, windowMs));
		if (counted.requests > max && counted.remainingMs > 0) {
			exceeded.set(id, counted, { ttl: Math.ceil(counted.remainingMs) });
		}
		return counted;
	}

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
					"requests cannot be counted in the database: until they can, none is refused",
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

	return class SharedStore implements FastifyRateLimitStore {
		incr(key: string, done: Done, windowMs: number, max: number): void {
			tell(done, () => count(idOf(key), windowMs, max));
		}

		read(key: string, done: Done): void {
			tell(done, () => ask(() => readCount(db, idOf(key))));
		}

		child(): FastifyRateLimitStore {
			return this;
		}
	};
}

type Done = Parameters<FastifyRateLimitStore["incr"]>[1];

/** The rate limiter's stores speak in callbacks. */
function tell(done: Done, ask: () => Promise<Counted>): void {
	ask().then(
		({ requests, remainingMs }) =>
			done(null, { current: requests, ttl: remainingMs }),
		done,
	);
}

/** Of one length, whatever a caller is called; and no address or name is written down. */
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
