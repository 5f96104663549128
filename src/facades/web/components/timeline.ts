import { html } from "hono/html";
import type { Notes } from "../../../features/decisions/history-limits.ts";
import { approvalsBefore } from "../../../features/decisions/rules.ts";
import type {
	Approval,
	Decision,
	Revision,
} from "../../../features/decisions/schema.ts";
import type { ReportStatus } from "../../../features/reports/schema.ts";
import type { Html } from "../page.ts";
import { type QueueQuery, reportUrl } from "../queue-address.ts";
import { lastDecider } from "./deciders.ts";
import { notesOf, notesQuote } from "./notes.ts";
import { countOf, foreignText } from "./text.ts";
import { exactTime, timeAgo } from "./time.ts";

const deeds: Record<ReportStatus, string> = {
	approved: "Approved",
	rejected: "Rejected",
	pending_review: "Reopened",
};

/**
 * Renders what happened recently to a repository's reports: newest revision
 * first, oldest event first within it.
 */
export function timeline(
	revisions: Revision[],
	currentId: string,
	/** The list that the reader came from. */
	list: QueueQuery,
	now: Date,
): Html {
	return html`<ol class="timeline">${revisions.map((revision) => {
		const whole = reportUrl(revision.id, list, "history");
		return html`<li>
<p><strong>${
			revision.id === currentId
				? html`Revision ${revision.revision} <small>(this one)</small>`
				: html`<a href="${reportUrl(revision.id, list)}">Revision ${revision.revision}</a>`
		}</strong>${earlierDecisions(revision, whole)}</p>
<ol>
${eventsOf(revision).map((event) => eventItem(event, whole, now))}
</ol></li>`;
	})}</ol>`;
}

function earlierDecisions(
	{ decision_count, decisions }: Revision,
	whole: string,
): Html | string {
	const earlier = decision_count - decisions.length;
	return earlier > 0
		? html` <small><a href="${whole}">${countOf(earlier, "earlier decision")}</a></small>`
		: "";
}

/** Returns the decisions about one report, oldest first. */
export function decisionEvents(decisions: Decision[]): Event[] {
	return decisions.flatMap((decision): Event[] => [
		...approvalsBefore(decision).map(approvalEvent),
		{
			deed: deeds[decision.to_status],
			by: lastDecider(decision),
			at: decision.decided_at,
			...notesOf(decision),
			status: decision.to_status,
		},
	]);
}

/** One event in a report's history. */
interface Event extends Notes {
	deed: string;
	by: Html;
	at: string;
	/** The status that colours its mark. */
	status?: ReportStatus;
}

function eventsOf(revision: Revision): Event[] {
	return [
		{
			deed: "Submitted",
			by: foreignText(revision.developer_email),
			at: revision.submitted_at,
			notes: null,
		},
		...decisionEvents(revision.decisions),
		...revision.open_approvals.map(approvalEvent),
	];
}

/** Returns an approval that did not decide the report by itself. */
export function approvalEvent({
	approved_by,
	approved_at,
	...notes
}: Approval): Event {
	return {
		deed: "Approval",
		by: foreignText(approved_by),
		at: approved_at,
		...notes,
	};
}

/** @param whole whether its notes are shown in full */
export function eventItem(
	{ deed, by, at, status, ...notes }: Event,
	whole: string,
	now: Date,
): Html {
	return html`<li class="event ${status ?? ""}"><span>${deed} by ${by}</span> <small>${timeAgo(at, now)} · ${exactTime(at)}</small>${notesQuote(notes, whole)}</li>`;
}
