import { html } from "hono/html";
import type { Assessment } from "../../../checklist/assessment-schema.ts";
import type { Confirmation } from "../../../features/decisions/confirmation-schema.ts";
import type { Approvals } from "../../../features/decisions/schema.ts";
import type { Report } from "../../../features/reports/schema.ts";
import {
	approvalWarning,
	assessmentSummary,
	findingList,
} from "../components/assessment.ts";
import { riskBadge, trifectaBadge } from "../components/badges.ts";
import { countOf, foreignText, repositoryLink } from "../components/text.ts";
import { timeAgo } from "../components/time.ts";
import type { Html, Page } from "../page.ts";
import { stateOf } from "./report.ts";

/** Number of findings shown before the report itself. */
const SHOWN_FINDINGS = 5;

/** An approval requested by a program, which its person must confirm. */
export interface ConfirmationPage {
	/** The last part of the address, after /confirm/. */
	token: string;
	confirmation: Confirmation;
	report: Report;
	assessment: Assessment;
	approvals: Approvals;
	csrf: string;
	now: Date;
}

/** Renders what would be approved; nothing changes until its form is sent. */
export function confirmationPage(data: ConfirmationPage): Page {
	const { token, confirmation, report, assessment, csrf } = data;
	const { review_notes, client } = confirmation;
	return {
		title: `Approve ${report.server_name}?`,
		section: "queue",
		state: stateOf(report),
		body: html`<section class="confirm card approved" aria-labelledby="confirm-title">
<h1 id="confirm-title">Approve ${foreignText(report.server_name)}, revision ${report.revision}?</h1>
<p>A program that is signed in as you requested this approval. Confirm it only if you have read <a href="/reports/${report.id}">the report</a> and told the program to approve it. If not, close this page: nothing is approved without you.</p>
${approvalWarning(assessment)}
${quorum(data.approvals)}
<dl class="facts">
<div><dt>Repository</dt><dd>${repositoryLink(report)}</dd></div>
<div><dt>Developer</dt><dd>${foreignText(report.developer_email)}</dd></div>
<div><dt>Risk</dt><dd>${riskBadge(assessment.risk_level)} ${trifectaBadge(assessment.trifecta.combination)}</dd></div>
<div><dt>Assessment</dt><dd>${assessmentSummary(assessment)}</dd></div>
<div><dt>Reviewer</dt><dd>${foreignText(confirmation.reviewed_by)}</dd></div>
<div><dt>Requested by</dt><dd>${client ? foreignText(client) : "a program that does not give its name"}, ${timeAgo(confirmation.requested_at, data.now)}</dd></div>
<div><dt>Notes</dt><dd>${review_notes ? html`<blockquote class="notes">${foreignText(review_notes)}</blockquote>` : "none"}</dd></div>
</dl>
${gravest(report, assessment)}
<form method="post" action="/confirm/${token}" data-once>
<input type="hidden" name="csrf" value="${csrf}">
<div class="actions"><button class="approve">Approve revision ${report.revision}</button>
<a role="button" class="secondary outline" href="/reports/${report.id}">Read the report first</a></div>
</form>
</section>`,
	};
}

/** Renders why a link can no longer be confirmed, and what to do. */
export function closedConfirmationPage(reason: string, reportId: string): Page {
	return {
		title: "This approval cannot be confirmed",
		section: "queue",
		state: "rejected",
		body: html`<section class="card error-page" aria-labelledby="closed-title">
<h1 id="closed-title">This approval cannot be confirmed</h1>
<p>${reason}</p>
<p><a href="/reports/${reportId}">To the report</a></p>
</section>`,
	};
}

function quorum({ required, reason, recorded }: Approvals): Html | string {
	if (required < 2) return "";
	return html`<p>This report requires ${countOf(required, "reviewer")}; ${recorded.length === 0 ? "none has" : `${recorded.length} ${recorded.length === 1 ? "has" : "have"}`} approved it so far. ${reason}</p>`;
}

function gravest(report: Report, { findings }: Assessment): Html | string {
	const errors = findings.filter(({ severity }) => severity === "error");
	if (errors.length === 0) return "";
	const lineLink = () => `/reports/${report.id}`;
	return html`<h2>The most serious findings</h2>
${findingList(errors.slice(0, SHOWN_FINDINGS), lineLink)}`;
}
