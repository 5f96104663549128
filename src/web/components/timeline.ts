import { html } from "hono/html";
import type { Revision } from "../../decisions/schema.ts";
import type { ReportStatus } from "../../reports/schema.ts";
import type { Html } from "../page.ts";
import { type QueueQuery, reportUrl } from "../queue-address.ts";
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
		({ id, revision, submitted_at, developer_email, decisions }) => html`<li>
<p><strong>${
			id === currentId
				? html`Revision ${revision} <small>(this one)</small>`
				: html`<a href="${reportUrl(id, list)}">Revision ${revision}</a>`
		}</strong></p>
<ol>
<li class="event"><span>Submitted by ${foreignText(developer_email)}</span> <small>${timeAgo(submitted_at, now)} · ${exactTime(submitted_at)}</small></li>
${decisions.map(
	(decision) =>
		html`<li class="event ${decision.to_status}"><span>${deeds[decision.to_status]} by ${foreignText(decision.decided_by)}</span> <small>${timeAgo(decision.decided_at, now)} · ${exactTime(decision.decided_at)}</small>${
			decision.notes
				? html`<blockquote class="notes">${foreignText(decision.notes)}</blockquote>`
				: ""
		}</li>`,
)}
</ol></li>`,
	)}</ol>`;
}
