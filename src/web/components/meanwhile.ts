import type { Decision } from "../../decisions/schema.ts";
import { visibleText } from "./text.ts";
import { exactTime } from "./time.ts";

const deeds: Record<Decision["to_status"], string> = {
	approved: "approved",
	rejected: "rejected",
	pending_review: "reopened",
};

/**
 * Why a decision came too late, and where what was typed for it stands now.
 *
 * @param last the report's last decision; absent where nobody has decided
 */
export function meanwhile(last: Decision | undefined): string {
	const done = last
		? `${visibleText(last.decided_by)} ${deeds[last.to_status]} this report already, at ${exactTime(last.decided_at)}.`
		: "Nobody has decided this report yet: there is nothing to reopen.";
	const isPending = !last || last.to_status === "pending_review";
	return isPending
		? `${done} Nothing of yours was stored. What you typed is kept below, where it would be notes for the developer now.`
		: `${done} Nothing of yours was stored, and your notes are kept below. To decide anew, reopen the report first.`;
}
