import { html } from "hono/html";
import { approvalsBefore } from "../../decisions/rules.ts";
import type { Approval, Revision } from "../../decisions/schema.ts";
import type { ReportStatus } from "../../reports/schema.ts";
import type { Html } from "../page.ts";
import { type QueueQuery, reportUrl } from "../queue-address.ts";
import { lastDecider } from "./deciders.ts";
import { foreignText } from "./text.ts";
import { exactTime, timeAgo } from "./time.ts";

const deeds: Record<ReportStatus, string> = {
	approved: "Approved",
	rejected: "Rejected",
	pending_review: "Reopened",
};

/** All that happened to a repository's reports: newest revision first, within it oldest first. */
export function timeline(
	revisions: Revision[],
	currentId: string,
	/** The list that the reader came from. */
	list: QueueQuery,
	now: Date,
): Html {
	return html`<ol class="timeline">${revisions.map(
		(revision) => html`<li>
<p><strong>${
			revision.id === currentId
				? html`Revision ${revision.revision} <small>(this one)</small>`
				: html`<a href="${reportUrl(revision.id, list)}">Revision ${revision.revision}</a>`
		}</strong></p>
<ol>
${eventsOf(revision).map((event) => eventItem(event, now))}
</ol></li>`,
	)}</ol>`;
}

/** One thing that happened to a report. */
interface Event {
	deed: string;
	by: Html;
	at: string;
	notes: string | null;
	/** What its mark is coloured after. */
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
		...revision.decisions.flatMap((decision): Event[] => [
			...approvalsBefore(decision).map(approvalEvent),
			{
				deed: deeds[decision.to_status],
				by: lastDecider(decision),
				at: decision.decided_at,
				notes: decision.notes,
				status: decision.to_status,
			},
		]),
		...revision.open_approvals.map(approvalEvent),
	];
}

/** An approval that decided nothing by itself. */
function approvalEvent({ approved_by, approved_at, notes }: Approval): Event {
	return {
		deed: "Approval",
		by: foreignText(approved_by),
		at: approved_at,
		notes,
	};
}

function eventItem({ deed, by, at, notes, status }: Event, now: Date): Html {
	return html`<li class="event ${status ?? ""}"><span>${deed} by ${by}</span> <small>${timeAgo(at, now)} · ${exactTime(at)}</small>${
		notes
			? html`<blockquote class="notes">${foreignText(notes)}</blockquote>`
			: ""
	}</li>`;
}
