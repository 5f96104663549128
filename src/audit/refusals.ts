import type { FastifyBaseLogger } from "fastify";
import type { Database } from "../database.ts";
import { type AuditEvent, recordEvent } from "./queries.ts";
import { type Asker, originOf, storable } from "./rules.ts";
import { openThrottle, type Throttle } from "./throttle.ts";

/**
 * Refusals that one process records in a minute, of each asker and of all
 * together: an attack must neither fill the disk nor keep others from being
 * recorded. The next row that is written says how many were left out.
 */
const LIMITS = { each: 10, all: 300 };

/** A database is one service's in this process. */
const throttles = new WeakMap<Database, Throttle>();

/** What was refused, and why. */
export interface Refusal extends Pick<AuditEvent, "report_id" | "target"> {
	action: "credential_refused" | "action_refused" | "sign_in_failed";
	/** The sentence that the answer says. */
	detail: string;
}

/**
 * Records a refused attempt, unless there are too many. It never fails: what
 * was refused stays refused, and the log says that it is not recorded.
 *
 * @param context of the request, outside of any transaction
 */
export async function recordRefusal(
	context: Asker & { db: Database; log: Pick<FastifyBaseLogger, "warn"> },
	refusal: Refusal | (() => Promise<Refusal>),
): Promise<void> {
	const { db, log } = context;
	const leftOut = throttleOf(db).take(keyOf(context));
	if (leftOut === undefined) return;
	try {
		const { detail, ...event } =
			typeof refusal === "function" ? await refusal() : refusal;
		await recordEvent(db, originOf(context), {
			...event,
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
		: (address ?? "");
}
