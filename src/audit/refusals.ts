import type { FastifyBaseLogger } from "fastify";
import { networkOf } from "../client-address.ts";
import type { Database } from "../database.ts";
import { type AuditEvent, recordEvent } from "./queries.ts";
import { type Asker, originOf, storable } from "./rules.ts";
import { openThrottle, type Throttle } from "./throttle.ts";

/**
 * Refusals of one kind that one process records in a minute, of each asker and
 * of all together: an attack must neither fill the disk nor keep others from
 * being recorded, and what is refused often must not hide what is refused once.
 * The next row of that kind says how many were left out.
 */
const LIMITS = { each: 10, all: 300 };

/** A database is one service's in this process. */
const throttles = new WeakMap<Database, Throttle>();

/** What was refused. All are names of ours: together they say of which kind it is. */
export interface Refusal {
	action:
		| "credential_refused"
		| "action_refused"
		| "form_refused"
		| "link_refused"
		| "sign_in_failed";
	/** The procedure, the route of a page, or what a link is now. */
	target?: string | null;
	/** Why, in a word of ours, where it is graver than what else the target refuses. */
	reason?: string | undefined;
}

/** What else a row says of a refusal. */
export interface Circumstances extends Pick<AuditEvent, "report_id"> {
	/** The sentence that the answer says. */
	detail: string;
}

/** Errors whose refusal is recorded, or was left out for many others like it. */
const recorded = new WeakSet<Error>();

/** Says that the refusal behind an error is recorded: who passes it on need not. */
export function markRecorded(error: Error): void {
	recorded.add(error);
}

export function isRecorded(error: Error): boolean {
	return recorded.has(error);
}

/**
 * Records a refused attempt, unless there are too many. It never fails: what
 * was refused stays refused, and the log says that it is not recorded.
 *
 * @param context of the request, outside of any transaction
 */
export async function recordRefusal(
	context: Asker & { db: Database; log: Pick<FastifyBaseLogger, "warn"> },
	{ action, target = null, reason = "" }: Refusal,
	circumstances: Circumstances | (() => Promise<Circumstances>),
): Promise<void> {
	const { db, log } = context;
	const kind = `${action} ${target} ${reason}`;
	const leftOut = throttleOf(db).take(kind, keyOf(context));
	if (leftOut === undefined) return;
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
		log.warn({ err: error }, "a refused attempt is not in the audit log");
	}
}

function throttleOf(db: Database): Throttle {
	const known = throttles.get(db);
	if (known) return known;
	const throttle = openThrottle(LIMITS);
	throttles.set(db, throttle);
	return throttle;
}

function keyOf({ identity, address }: Asker): string {
	return identity && identity.method !== "none"
		? identity.subject
		: networkOf(address ?? "");
}
