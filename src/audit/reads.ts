import { setTimeout as wait } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import { LRUCache } from "lru-cache";
import { personOf } from "../core/person-of.ts";
import type { Database } from "../platform/postgres/database.ts";
import { hourOf, type Read, recordReads } from "./read-queries.ts";
import { type Asker, originOf } from "./rules.ts";

/** Milliseconds that a read waits to be recorded together with others. */
const PATIENCE = 1000;

/** Milliseconds until a failed write is retried. */
const TRY_AGAIN_AFTER = 5000;

/** Milliseconds that closing waits for reads not recorded yet. */
const CLOSING = 3000;

/** Rows per transaction: all other writers wait until it ends. */
const BATCH = 200;

/** Maximum number of waiting reads, about half a kilobyte each; further reads are dropped. */
const MOST_WAITING = 10_000;

/** Recorded reads kept in memory, which saves asking the database about each of them again. */
const REMEMBERED = 10_000;

/** What was read, noted after the answer was sent. */
export type WhatWasRead = Pick<Read, "action"> &
	Partial<Pick<Read, "report_id">>;

/** Records who reads what, after the answer and in batches. */
export interface Reads {
	/** Notes a read and returns immediately; ignores reads by callers who are not signed in. */
	note(asker: Asker, read: WhatWasRead): void;
	/** Records the waiting reads, or logs how many are lost. */
	close(): Promise<void>;
}

/**
 * Creates the recorder of reads. It never delays a request: while the database cannot accept reads,
 * they wait in memory up to a limit, and the log says so.
 *
 * @param patience milliseconds that a read waits to be recorded together with others
 */
export function openReads(
	db: Database,
	log: Pick<FastifyBaseLogger, "warn">,
	patience = PATIENCE,
): Reads {
	const known = new LRUCache<string, true>({ max: REMEMBERED });
	let waiting: Read[] = [];
	let leftOut = 0;
	let timer: NodeJS.Timeout | undefined;
	let writing: Promise<boolean> | undefined;
	let isClosed = false;

	/** @returns whether nothing is waiting any more */
	async function write(): Promise<boolean> {
		while (waiting.length > 0) {
			const batch = waiting.slice(0, BATCH);
			try {
				await recordReads(db, batch);
			} catch (error) {
				log.warn(
					{ err: error, waiting: waiting.length },
					"reads could not be recorded in the audit log yet",
				);
				return false;
			}
			waiting = waiting.slice(batch.length);
		}
		if (leftOut > 0) {
			log.warn({ left_out: leftOut }, "reads are missing from the audit log");
			leftOut = 0;
		}
		return true;
	}

	function writeLater(delay: number): void {
		if (isClosed || timer || writing) return;
		timer = setTimeout(async () => {
			timer = undefined;
			writing = write();
			const isDone = await writing;
			writing = undefined;
			if (waiting.length > 0) writeLater(isDone ? patience : TRY_AGAIN_AFTER);
		}, delay).unref();
	}

	return {
		note(asker, { action, report_id = null }) {
			const person = personOf(asker.identity);
			if (!person) return;
			const at = Date.now();
			const key = `${hourOf(at)} ${report_id} ${person.subject}`;
			if (known.has(key)) return;
			if (isClosed || waiting.length >= MOST_WAITING) {
				leftOut += 1;
				return;
			}
			known.set(key, true);
			waiting.push({
				action,
				// As PostgreSQL writes it, however the request spelled it.
				report_id: report_id?.toLowerCase() ?? null,
				origin: originOf(asker),
				at,
			});
			writeLater(patience);
		},
		async close() {
			isClosed = true;
			clearTimeout(timer);
			const last = (async () => {
				await writing;
				return write();
			})();
			const isDone = await Promise.race([
				last,
				wait(CLOSING, false, { ref: false }),
			]);
			if (isDone) return;
			log.warn(
				{ left_out: waiting.length + leftOut },
				"reads are missing from the audit log: the service stopped before the database accepted them",
			);
		},
	};
}
