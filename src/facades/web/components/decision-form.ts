import { html } from "hono/html";
import type { Report, ReportStatus } from "../../../features/reports/schema.ts";
import type { Html } from "../page.ts";
import { type QueueQuery, reportUrl } from "../queue-address.ts";

/** What a reviewer typed, and its problems. */
export interface TypedDecision {
	reviewed_by: string;
	review_notes: string;
	/** What must be corrected, by field; `form` is about the form as a whole. */
	problems?: { reviewed_by?: string; review_notes?: string; form?: string };
}

/** The decision that a form requests, and the state of the report it was made for. */
export type WantedDecision = TypedDecision & {
	status: ReportStatus;
	/** The number of decisions when the form was opened; absent if the form does not say. */
	decisions_seen: number | undefined;
};

/** What the form needs to know about the report. */
export type DecidableReport = Pick<Report, "id" | "status" | "decision_count">;

/** Renders the form for deciding a report; it leads to a confirmation and changes nothing by itself. */
export function decisionForm(
	report: DecidableReport,
	/** The list that the reviewer came from and returns to. */
	list: QueueQuery,
	typed: TypedDecision,
	csrf: string,
	/** The signed-in reviewer; without one, the form asks for a name. */
	reviewer?: { mayApprove: boolean },
): Html {
	const { problems = {} } = typed;
	const isPending = report.status === "pending_review";
	return html`<form class="decide" method="post" action="${reportUrl(report.id, list, "decide")}" novalidate data-decide>
<input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="decisions_seen" value="${report.decision_count}">
${problems.form ? html`<p class="problem" role="alert">${problems.form}</p>` : ""}
${reviewer ? "" : reviewerField(typed)}<label for="review_notes">Notes <small>${isPending ? "for the developer; required to reject" : "why it is reopened"}</small></label>
<textarea id="review_notes" name="review_notes" rows="4" maxlength="10000" ${invalid("review_notes", problems.review_notes)}>
${typed.review_notes}</textarea>
${problem("review_notes", problems.review_notes)}
<div class="actions">${
		isPending
			? html`${(reviewer?.mayApprove ?? true) ? approveButton : ""}<button name="status" value="rejected" class="reject">Reject…</button>`
			: html`<button name="status" value="pending_review" class="secondary">Reopen…</button>`
	}</div>
</form>`;
}

const approveButton = html`<button name="status" value="approved" class="approve">Approve…</button>
`;

function reviewerField({ reviewed_by, problems = {} }: TypedDecision): Html {
	return html`<label for="reviewed_by">Reviewer</label>
<input id="reviewed_by" name="reviewed_by" type="text" autocomplete="email" maxlength="255" required value="${reviewed_by}" placeholder="platform@example.com" ${invalid("reviewed_by", problems.reviewed_by)}>
${problem("reviewed_by", problems.reviewed_by)}
`;
}

/** Renders the fields of a decision that is passed on unchanged. */
export function hiddenDecision(decision: WantedDecision, csrf: string): Html {
	return html`<input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="decisions_seen" value="${decision.decisions_seen}">
<input type="hidden" name="status" value="${decision.status}">
<input type="hidden" name="reviewed_by" value="${decision.reviewed_by}">
<textarea name="review_notes" hidden>
${decision.review_notes}</textarea>`;
}

function invalid(field: string, message: string | undefined): Html | string {
	return message
		? html`aria-invalid="true" aria-describedby="${field}-problem"`
		: "";
}

function problem(field: string, message: string | undefined): Html | string {
	return message
		? html`<p class="problem" id="${field}-problem">${message}</p>`
		: "";
}
