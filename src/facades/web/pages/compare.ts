import { html, raw } from "hono/html";
import type {
	Assessment,
	Finding,
} from "../../../checklist/assessment-schema.ts";
import type {
	Report,
	ReportSummary,
} from "../../../features/reports/schema.ts";
import {
	type CheckChange,
	compareChecks,
	findingsOnlyIn,
} from "../compare-checks.ts";
import {
	checkBadge,
	findingBadge,
	riskBadge,
	statusBadge,
} from "../components/badges.ts";
import { foreignText } from "../components/text.ts";
import type { Html, Page } from "../page.ts";
import { type QueueQuery, queueFields, reportUrl } from "../queue-address.ts";
import type { Unavailable } from "../unavailable.ts";
import { stateOf } from "./report.ts";

/** One of the two revisions. */
interface Revision {
	report: Report;
	assessment: Assessment;
}

/** Two revisions, the earlier one first. */
interface Pair {
	before: Revision;
	after: Revision;
	/** The comparison of both texts as markup, or why there is none. */
	text: string | Unavailable;
}

/** What a comparison shows. */
export interface ComparePage {
	/** The revision that the reader came from: one of the pair. */
	report: Report;
	/** All revisions of the repository, newest first. */
	revisions: Pick<ReportSummary, "id" | "revision" | "status">[];
	/** The list that the reader came from. */
	list: QueueQuery;
	/** Absent if there is no earlier revision and no other one was chosen. */
	pair?: Pair;
}

/** Renders the comparison of two revisions: checks first, then findings, then the text. */
export function comparePage(data: ComparePage): Page {
	const { report, pair } = data;
	const revisions = pair
		? `revision ${pair.before.report.revision} to ${pair.after.report.revision}`
		: `revision ${report.revision}`;
	return {
		title: `Compare ${report.server_name}, ${revisions}`,
		section: "queue",
		state: stateOf(report),
		body: html`<div class="compare">
<header class="head">
<nav class="steps" aria-label="Back"><a href="${reportUrl(report.id, data.list)}">‹ Revision ${report.revision}</a></nav>
<h1>${foreignText(report.server_name)}: ${revisions}</h1>
${picker(data)}
</header>
${pair ? comparison(pair) : html`<p class="calm card">${data.revisions.length < 2 ? "This repository has no other revision to compare with." : "There is no earlier revision. Choose a later one to compare this one with."}</p>`}
</div>`,
	};
}

function comparison({ before, after, text }: Pair): Html {
	const changes = compareChecks(before.assessment, after.assessment);
	const gone = findingsOnlyIn(before.assessment, after.assessment);
	const fresh = findingsOnlyIn(after.assessment, before.assessment);
	return html`<section class="card" aria-labelledby="sum-title">
<h2 id="sum-title">In short</h2>
<div class="scroll" tabindex="0" role="group" aria-label="Table"><table class="dense">
<thead><tr><td></td><th scope="col">Revision ${before.report.revision}</th><th scope="col">Revision ${after.report.revision}</th></tr></thead>
<tbody>
<tr><th scope="row">Status</th><td>${statusBadge(before.report.status)}</td><td>${statusBadge(after.report.status)}</td></tr>
<tr><th scope="row">Risk</th><td>${riskBadge(before.assessment.risk_level)}</td><td>${riskBadge(after.assessment.risk_level)}</td></tr>
<tr><th scope="row">Complete</th><td>${before.assessment.completeness} %</td><td>${after.assessment.completeness} %</td></tr>
<tr><th scope="row">Errors</th><td>${before.assessment.error_count}</td><td>${after.assessment.error_count}</td></tr>
<tr><th scope="row">Warnings</th><td>${before.assessment.warning_count}</td><td>${after.assessment.warning_count}</td></tr>
</tbody></table></div>
${before.report.review_notes ? html`<p>Notes on revision ${before.report.revision}:</p><blockquote class="notes">${foreignText(before.report.review_notes)}</blockquote>` : ""}
</section>
<section class="card" aria-labelledby="checks-title">
<h2 id="checks-title">Checks that changed</h2>
${checkChanges(changes)}
</section>
<section class="card" aria-labelledby="findings-title">
<h2 id="findings-title">Findings that changed</h2>
${gone.length + fresh.length === 0 ? html`<p class="calm">The same findings as before.</p>` : ""}
${findingChanges("New", fresh)}${findingChanges("Gone", gone)}
</section>
<section class="card" aria-labelledby="text-title">
<h2 id="text-title">Text</h2>
${typeof text === "object" ? html`<p class="problem">${withoutComparison[text.why]}</p>` : raw(text)}
</section>`;
}

const withoutComparison: Record<Unavailable["why"], string> = {
	"too complex":
		"These texts are too complex to compare. Open both revisions side by side instead.",
	busy: "The service is too busy to compare these texts at the moment. Reload this page in a few seconds.",
	failed:
		"These texts could not be compared. Open both revisions side by side instead.",
};

function checkChanges(changes: CheckChange[]): Html {
	if (changes.length === 0) {
		return html`<p class="calm">Every check is answered as before.</p>`;
	}
	const words = { worse: "Worse", better: "Better", other: "Changed" };
	return html`<div class="scroll" tabindex="0" role="group" aria-label="Table"><table class="dense">
<thead><tr><th scope="col">Check</th><th scope="col">Before</th><th scope="col">Now</th><th scope="col">Change</th></tr></thead>
<tbody>${changes.map(
		({ check, before, after, kind }) => html`<tr class="${kind}">
<th scope="row"><a href="/checklist#${check.id}">${check.id}</a> ${check.title}${check.severity === "critical" ? html` <small class="critical-mark">critical</small>` : ""}</th>
<td>${checkBadge(before)}</td><td>${checkBadge(after)}</td><td>${words[kind]}</td></tr>`,
	)}</tbody></table></div>`;
}

function findingChanges(title: string, findings: Finding[]): Html | string {
	if (findings.length === 0) return "";
	return html`<h3>${title} <small>${findings.length}</small></h3>
<ul class="findings">${findings.map(
		({ severity, message }) =>
			html`<li class="finding ${severity}"><div>${findingBadge(severity)} <span>${foreignText(message)}</span></div></li>`,
	)}</ul>`;
}

function picker(data: ComparePage): Html | string {
	const { report, revisions, list, pair } = data;
	if (revisions.length < 2) return "";
	const shown = [pair?.before.report.id, pair?.after.report.id];
	return html`<form method="get" action="/reports/${report.id}/compare" class="inline">
${queueFields(list).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<label for="with">Compare with</label>
<select id="with" name="with">${revisions
		.filter(({ id }) => id !== report.id)
		.map(
			({ id, revision }) =>
				html`<option value="${id}" ${shown.includes(id) ? html`selected` : ""}>Revision ${revision}</option>`,
		)}</select>
<button class="secondary">Compare</button>
</form>`;
}
