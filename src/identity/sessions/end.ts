import { recordEvent } from "../../audit/queries.ts";
import type { Origin } from "../../audit/rules.ts";
import type { Session } from "../../features/sessions/schema.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { type EndedSession, endSessions, type Which } from "./queries.ts";

/**
 * Ends sessions for good, and records each.
 *
 * @param tx a transaction that asks for nothing more afterwards but the audit log
 * @param current the session that asks, if one does
 * @param because what stands in the record beside whose it was
 * @returns those that were not over yet
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
