import { html } from "hono/html";
import { shortenNotes } from "../../../features/decisions/history-limits.ts";
import type {
	Approvals,
	Involvement,
} from "../../../features/decisions/schema.ts";
import type { Html } from "../page.ts";
import { type QueueQuery, reportUrl } from "../queue-address.ts";
import {
	type DecidableReport,
	decisionForm,
	type TypedDecision,
} from "./decision-form.ts";
import { notesQuote } from "./notes.ts";
import { countOf, foreignText } from "./text.ts";
import { exactTime, timeAgo } from "./time.ts";

/** What a signed-in reader may do with a report. */
export interface Standing {
	approvals: Approvals;
	involvement: Involvement;
	mayDecide: boolean;
	mayWithdraw: boolean;
}

/** Renders how many approvals a report has, and what this reader can do about it, or why they cannot. */
export function decisionPanel(
	report: DecidableReport,
	list: QueueQuery,
	standing: Standing,
	typed: TypedDecision,
	csrf: string,
	now: Date,
): Html {
	const isPending = report.status === "pending_review";
	const obstacle = isPending ? obstacleOf(standing) : "";
	const whole = reportUrl(report.id, list, "history");
	return html`${isPending ? approvalList(standing.approvals, whole, now) : ""}
${obstacle}
${
	standing.mayDecide
		? decisionForm(report, list, typed, csrf, { mayApprove: obstacle === "" })
		: ""
}
${
	isPending && standing.mayWithdraw
		? html`<form class="decide" method="post" action="${reportUrl(report.id, list, "withdraw")}">
<input type="hidden" name="csrf" value="${csrf}">
<div class="actions"><button class="secondary">Withdraw…</button></div>
</form>`
		: ""
}`;
}

function approvalList(
	approvals: Approvals,
	whole: string,
	now: Date,
): Html | string {
	const { required, reason, recorded } = approvals;
	if (required === 1 && recorded.length === 0) return "";
	return html`<p><strong>${recorded.length} of ${countOf(required, "approval")}</strong></p>
${reason ? html`<p>${required} reviewers must approve. ${reason}</p>` : ""}
${
	recorded.length === 0
		? ""
		: html`<ul class="approvals">${recorded.map(
				({ approved_by, approved_at, ...notes }) =>
					html`<li>Approved by ${foreignText(approved_by)} <small>${timeAgo(approved_at, now)} · ${exactTime(approved_at)}</small>${notesQuote(shortenNotes(notes), whole)}</li>`,
			)}</ul>`
}
<p class="quiet">Any reviewer may approve who has not done so yet and has never submitted a report for this repository.</p>`;
}

function obstacleOf({
	approvals,
	involvement,
	mayDecide,
	mayWithdraw,
}: Standing): Html | string {
	if (!mayDecide) {
		return html`<p>${mayWithdraw ? "Your report is waiting for a reviewer." : "Reviewers decide on this report; your role may only read it."}</p>`;
	}
	if (involvement.has_approved) {
		return html`<p class="done" role="status">Your approval is recorded; ${approvalsLeft(approvals)}. You can still reject.</p>`;
	}
	if (involvement.has_submitted) {
		return html`<p class="quiet">You submitted a report for this repository, so another reviewer must approve this one. You can reject it.</p>`;
	}
	return "";
}

/** Returns text such as `one more reviewer must approve`. */
function approvalsLeft({ required, recorded }: Approvals): string {
	const left = required - recorded.length;
	return left === 1
		? "one more reviewer must approve"
		: `${left} more reviewers must approve`;
}
