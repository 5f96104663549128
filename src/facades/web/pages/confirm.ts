import { html } from "hono/html";
import type { Assessment } from "../../../checklist/assessment-schema.ts";
import type { Approvals } from "../../../features/decisions/schema.ts";
import type { Report, ReportStatus } from "../../../features/reports/schema.ts";
import {
	approvalWarning,
	assessmentSummary,
} from "../components/assessment.ts";
import { riskBadge, trifectaBadge } from "../components/badges.ts";
import {
	hiddenDecision,
	type WantedDecision,
} from "../components/decision-form.ts";
import { foreignText, repositoryLink } from "../components/text.ts";
import type { Page } from "../page.ts";
import { type QueueQuery, reportUrl } from "../queue-address.ts";
import { stateOf } from "./report.ts";

/** The decision to be confirmed. */
export interface ConfirmPage {
	report: Report;
	assessment: Assessment;
	approvals: Approvals;
	decision: WantedDecision;
	/** The list that the reviewer came from. */
	list: QueueQuery;
	csrf: string;
}

const verbs: Record<ReportStatus, string> = {
	approved: "Approve",
	rejected: "Reject",
	pending_review: "Reopen",
};

const consequences: Record<ReportStatus, string> = {
	approved:
		"The server joins the catalogue of approved servers, and the repository accepts no further submission until this one is reopened and rejected.",
	rejected:
		"The developer reads the notes and answers with a new revision. This revision stays as it is.",
	pending_review:
		"The report is pending review again. Its reviewer, time and notes are cleared; the decision stays in the history.",
};

/** Renders the decision that is about to be made; nothing changes until its form is sent. */
export function confirmPage(data: ConfirmPage): Page {
	const { report, assessment, decision, list, csrf } = data;
	const verb = verbs[decision.status];
	return {
		title: `${verb} ${report.server_name}?`,
		section: "queue",
		state: stateOf(report),
		body: html`<section class="confirm card ${decision.status}" aria-labelledby="confirm-title">
<h1 id="confirm-title">${verb} ${foreignText(report.server_name)}, revision ${report.revision}?</h1>
<p>${consequenceOf(data)}</p>
${decision.status === "approved" ? approvalWarning(assessment) : ""}
<dl class="facts">
<div><dt>Repository</dt><dd>${repositoryLink(report)}</dd></div>
<div><dt>Developer</dt><dd>${foreignText(report.developer_email)}</dd></div>
<div><dt>Risk</dt><dd>${riskBadge(assessment.risk_level)} ${trifectaBadge(assessment.trifecta.combination)}</dd></div>
<div><dt>Assessment</dt><dd>${assessmentSummary(assessment)}</dd></div>
<div><dt>Reviewer</dt><dd>${foreignText(decision.reviewed_by)}</dd></div>
<div><dt>Notes</dt><dd>${decision.review_notes ? html`<blockquote class="notes">${foreignText(decision.review_notes)}</blockquote>` : "none"}</dd></div>
</dl>
<form method="post" action="${reportUrl(report.id, list, "decision")}" data-once>
${hiddenDecision(decision, csrf)}
<div class="actions"><button class="${decision.status === "approved" ? "approve" : decision.status === "rejected" ? "reject" : "secondary"}" autofocus>${verb} revision ${report.revision}</button>
<button class="secondary outline" formaction="${reportUrl(report.id, list, "decide")}" name="change" value="yes">Change it</button></div>
</form>
</section>`,
	};
}

/** Returns what will happen once it is confirmed. */
function consequenceOf({ decision, approvals }: ConfirmPage): string {
	const { required, reason, recorded } = approvals;
	const left = required - recorded.length - 1;
	if (decision.status !== "approved" || left <= 0) {
		return consequences[decision.status];
	}
	return `Your approval will be recorded, and the report stays pending until ${left === 1 ? "one more reviewer approves" : `${left} more reviewers approve`}: it requires ${required}. ${reason}`;
}
