import { recordEvent } from "../../audit/queries.ts";
import type { Origin } from "../../audit/rules.ts";
import type { Session } from "../../features/sessions/schema.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { type EndedSession, endSessions, type Which } from "./queries.ts";

/**
 * Ends sessions permanently, and records each.
 *
 * @param tx a transaction in which only the audit log is written afterwards
 * @param current the session that makes the request, if any
 * @param because further facts in the record, beside the owner
 * @returns the sessions that had not ended yet
 */
export async function endAndRecord(
	tx: Database,
	which: Which,
	origin: Origin,
	current?: string,
	because: Record<string, string> = {},
): Promise<Session[]> {
	const ended = await endSessions(tx, which, current);
	await recordEnded(tx, ended, origin, because);
	return ended;
}

/** Records that sessions were ended. */
export async function recordEnded(
	tx: Database,
	ended: EndedSession[],
	origin: Origin,
	because: Record<string, string> = {},
): Promise<void> {
	for (const { id, owner, subject } of ended) {
		await recordEvent(tx, origin, {
			action: "session_ended",
			target: id,
			after: { owner, owner_subject: subject, ...because },
		});
	}
}
