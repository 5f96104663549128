import type { Decision, Revision } from "../../../features/decisions/schema.ts";
import type { ReportStatus } from "../../../features/reports/schema.ts";
import { visibleText } from "./text.ts";
import { exactTime } from "./time.ts";

/** Maximum number of decisions listed one by one; the latest ones if there are more. */
const TOLD = 4;

const deeds: Record<ReportStatus, string> = {
	approved: "approved",
	rejected: "rejected",
	pending_review: "reopened",
};

/** The part of the history that is shown. */
type History = Pick<Revision, "decisions" | "decision_count">;

const listFormat = new Intl.ListFormat("en-GB");

/**
 * Renders why a decision came too late, and where the typed text is now.
 *
 * @param history the latest decisions about the report, oldest first, and how
 *   many there are
 * @param wanted the requested status, and the number of decisions when the form
 *   was opened; `undefined` if the form does not say
 * @returns `undefined` if it is not too late
 */
export function meanwhile(
	{ decisions, decision_count }: History,
	wanted: { status: ReportStatus; decisions_seen: number | undefined },
): string | undefined {
	const present = decisions.at(-1)?.to_status ?? "pending_review";
	const isPossible =
		(present === "pending_review") !== (wanted.status === "pending_review");
	if (isPossible && wanted.decisions_seen === decision_count) {
		return undefined;
	}
	const { decisions_seen: seen } = wanted;
	const missed = seen === undefined ? 0 : Math.max(0, decision_count - seen);
	const since = missed === 0 ? [] : decisions.slice(-missed);
	return `${tellSince(decisions, since, isPossible)} ${whatToDo(present, wanted.status)}`;
}

function tellSince(
	decisions: Decision[],
	since: Decision[],
	isPossible: boolean,
): string {
	const [last] = since.length === 0 ? decisions.slice(-1) : since;
	if (since.length > 1) {
		const told = since.slice(-TOLD).map((decision, index) => {
			const what = index === 0 ? "this report" : "it";
			return `${doer(decision)} ${what}, at ${exactTime(decision.decided_at)}`;
		});
		return `Since this form was opened, ${listFormat.format(told)}.`;
	}
	if (last && (since.length === 1 || !isPossible)) {
		return `${doer(last)} this report already, at ${exactTime(last.decided_at)}.`;
	}
	return isPossible
		? "This form does not say which state of the report it showed."
		: "Nobody has decided this report yet: there is nothing to reopen.";
}

function doer({ decided_by, to_status }: Decision): string {
	return `${visibleText(decided_by)} ${deeds[to_status]}`;
}

function whatToDo(present: ReportStatus, wanted: ReportStatus): string {
	if (present !== "pending_review") {
		return wanted === "pending_review"
			? "Nothing was stored, and your notes are kept below: look at the report as it is now, and reopen it again if necessary."
			: "Nothing was stored, and your notes are kept below. To decide again, reopen the report first.";
	}
	return wanted === "pending_review"
		? "Nothing was stored. What you typed is kept below, where it would now be notes for the developer."
		: "Nothing was stored, and your notes are kept below: look at the report as it is now, and decide again.";
}
