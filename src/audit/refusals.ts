import { setTimeout as wait } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import { networkOf } from "../core/client-address.ts";
import { personOf } from "../core/person-of.ts";
import type { Database } from "../platform/postgres/database.ts";
import { type AuditEvent, recordEvent } from "./queries.ts";
import { type Asker, type Origin, originOf, storable } from "./rules.ts";
import { openThrottle, type Throttle } from "./throttle.ts";

/**
 * Refusals of one kind that one process records per minute, for each caller and in total: an attack
 * must neither fill the disk nor keep others from being recorded, and frequent refusals must not
 * hide a rare one. The next row of that kind says how many were left out, or a row of its own does
 * so at the end of the minute.
 */
const LIMITS = { each: 10, all: 300 };

/** Milliseconds until the number of refusals left out is recorded. */
const TELL_AFTER = 60_000;

/** Milliseconds that a shutdown waits for that. */
const CLOSING = 2000;

/** In one process, each database belongs to one service. */
const books = new WeakMap<Database, Book>();

interface Book {
	throttle: Throttle<LeftOutRefusal>;
	timer?: NodeJS.Timeout;
	log: Log;
}

interface LeftOutRefusal {
	origin: Origin;
	refusal: Pick<Refusal, "action" | "target">;
}

type Log = Pick<FastifyBaseLogger, "warn">;

/** What was refused. All values are words of ours; together they name the kind of refusal. */
export interface Refusal {
	action:
		| "credential_refused"
		| "action_refused"
		| "form_refused"
		| "link_refused"
		| "sign_in_failed";
	/** The procedure, the route of a page, or the state of a link. */
	target?: string | null;
	/** The reason, as a word of ours, where it is more serious than the target's other refusals. */
	reason?: string | undefined;
}

/** The other facts that a row holds about a refusal. */
export interface Circumstances extends Pick<AuditEvent, "report_id"> {
	/** The sentence in the answer. */
	detail: string;
}

/** Errors whose refusal has been recorded, or left out because of many like it. */
const recorded = new WeakSet<Error>();

/**
 * Marks the refusal behind an error as recorded, so that nobody who passes it on records it again.
 */
export function markRecorded(error: Error): void {
	recorded.add(error);
}

export function isRecorded(error: Error): boolean {
	return recorded.has(error);
}

/**
 * Records a refused attempt, unless there are too many. It never throws: the attempt stays refused,
 * and the log says that it was not recorded.
 *
 * @param context of the request, outside any transaction
 */
export async function recordRefusal(
	context: Asker & { db: Database; log: Log },
	{ action, target = null, reason = "" }: Refusal,
	circumstances: Circumstances | (() => Promise<Circumstances>),
): Promise<void> {
	const { db, log } = context;
	const kind = `${action} ${target} ${reason}`;
	const book = bookOf(db, log);
	const note = { origin: originOf(context), refusal: { action, target } };
	const leftOut = book.throttle.take(kind, keyOf(context), note);
	if (leftOut === undefined) {
		tellLater(db, book);
		return;
	}
	try {
		const { detail, report_id = null } =
			typeof circumstances === "function"
				? await circumstances()
				: circumstances;
		await recordEvent(db, originOf(context), {
			action,
			target,
			report_id,
			after: {
				detail: storable(detail, 500) ?? "",
				...(leftOut > 0 && { left_out: String(leftOut) }),
			},
		});
	} catch (error) {
		log.warn(
			{ err: error },
			"a refused attempt was not recorded in the audit log",
		);
	}
}

/**
 * Records how many refusals were left out since their last row, when the service shuts down. It
 * never throws and returns quickly: the log says what is lost.
 */
export async function tellLeftOut(db: Database): Promise<void> {
	const book = books.get(db);
	if (!book) return;
	clearTimeout(book.timer);
	delete book.timer;
	await Promise.race([
		tell(db, book),
		wait(CLOSING, undefined, { ref: false }),
	]);
}

function bookOf(db: Database, log: Log): Book {
	const book = books.get(db) ?? { throttle: openThrottle(LIMITS), log };
	books.set(db, book);
	return book;
}

function tellLater(db: Database, book: Book): void {
	book.timer ??= setTimeout(async () => {
		delete book.timer;
		if (!(await tell(db, book))) tellLater(db, book);
	}, TELL_AFTER).unref();
}

/** @returns whether everything has been recorded */
async function tell(db: Database, { throttle, log }: Book): Promise<boolean> {
	let isDone = true;
	for (const { count, note, isOfSeveral, restore } of throttle.drain()) {
		const { origin, refusal } = note;
		const { facade, request_id, service_request_id } = origin;
		try {
			await recordEvent(
				db,
				isOfSeveral
					? { ...nobody, facade, request_id, service_request_id }
					: origin,
				{
					...refusal,
					after: { detail: LEFT_OUT, left_out: String(count) },
				},
			);
		} catch (error) {
			log.warn(
				{ err: error, left_out: count },
				"refused attempts were not recorded in the audit log",
			);
			restore();
			isDone = false;
		}
	}
	return isDone;
}

/** The detail of the row that stands for the refusals left out. */
const LEFT_OUT =
	"As many more like those before were refused as left_out says, and have no rows of their own.";

const nobody = {
	actor: null,
	actor_subject: null,
	method: "none",
	client: null,
	address: null,
} as const;

function keyOf({ identity, address }: Asker): string {
	return personOf(identity)?.subject ?? networkOf(address ?? "");
}
