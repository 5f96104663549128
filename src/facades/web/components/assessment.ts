import { html } from "hono/html";
import type {
	Assessment,
	CheckAnswer,
	Finding,
	PhaseAssessment,
	Trifecta,
} from "../../../checklist/assessment-schema.ts";
import { findRule } from "../../../checklist/rules.ts";
import type { Html } from "../page.ts";
import { checkBadge, findingBadge, legBadge, verdictBadge } from "./badges.ts";
import { countOf, foreignText } from "./text.ts";

/** Number of findings shown at once; the others, which are less severe, are collapsed. */
const SHOWN_FINDINGS = 12;

/** Returns the address of a line of the report's text, wherever the text is shown. */
export type LineLink = (line: number) => string;

/** Renders every finding with its rule and how to fix it, worst first. */
export function findingList(findings: Finding[], lineLink: LineLink): Html {
	if (findings.length === 0) {
		return html`<p class="calm">The assessment found no problems.</p>`;
	}
	const shown = findings.slice(0, SHOWN_FINDINGS);
	const rest = findings.slice(SHOWN_FINDINGS);
	return html`${listOf(shown, lineLink)}${
		rest.length > 0
			? html`<details class="more"><summary>${countOf(rest.length, "more finding")}</summary>${listOf(rest, lineLink)}</details>`
			: ""
	}`;
}

function listOf(findings: Finding[], lineLink: LineLink): Html {
	return html`<ul class="findings">${findings.map((finding) => {
		const rule = findRule(finding.rule);
		return html`<li class="finding ${finding.severity}">
<div>${findingBadge(finding.severity)} <span>${foreignText(finding.message)}</span> ${
			finding.line === null
				? ""
				: html`<a class="line" href="${lineLink(finding.line)}">line ${finding.line}</a>`
		}</div>
<small>${rule ? html`<a href="/checklist#rule-${rule.id}">${rule.title}</a>: ${rule.fix}` : finding.rule}${
			finding.check
				? html` · <a href="/checklist#${finding.check}">${finding.check}</a>`
				: ""
		}</small>
</li>`;
	})}</ul>`;
}

/** Renders the six phases with their checks, each linked to its place in the report. */
export function phaseList(phases: PhaseAssessment[], lineLink: LineLink): Html {
	return html`<div class="phases">${phases.map(
		(
			phase,
		) => html`<details ${phase.checks.some(needsEyes) || phase.verdict === "fail" ? html`open` : ""}>
<summary><span class="phase-title">${phase.number}. ${phase.title}</span> ${
			phase.found ? verdictBadge(phase) : checkBadge("missing")
		} <small>${phase.answered}/${phase.total}</small></summary>
<ul class="checks">${phase.checks.map((check) => checkItem(check, lineLink))}</ul>
</details>`,
	)}</div>`;
}

/** Renders the three legs of the lethal trifecta and their combination. */
export function trifectaTable(trifecta: Trifecta): Html {
	const legs = [
		["Private data", trifecta.private_data],
		["Untrusted content", trifecta.untrusted_content],
		["External communication", trifecta.external_communication],
	] as const;
	return html`<dl class="legs">${legs.map(([name, leg]) => html`<div><dt>${name}</dt><dd>${legBadge(leg)}</dd></div>`)}</dl>`;
}

/** Summarises an assessment in one line. */
export function assessmentSummary(assessment: Assessment): string {
	const { answered, total, error_count, warning_count } = assessment;
	return `${answered} of ${total} checks answered, ${countOf(error_count, "error")}, ${countOf(warning_count, "warning")}`;
}

/**
 * Renders the warning about approving against the assessment, which is allowed
 * but must be a conscious choice.
 */
export function approvalWarning(assessment: Assessment): Html | string {
	const isComplete = assessment.trifecta.combination === "complete";
	if (!isComplete && assessment.error_count === 0) return "";
	return html`<p class="problem" role="note"><strong>You are approving against the assessment:</strong> ${
		isComplete ? "the lethal trifecta is complete, and " : ""
	}it finds ${countOf(assessment.error_count, "error")}.</p>`;
}

/** Returns whether a check needs a reviewer's attention before an approval. */
function needsEyes(check: CheckAnswer): boolean {
	if (check.status === "missing") return check.severity !== "recommended";
	return check.status === "fail" || check.status === "warning";
}

function checkItem(check: CheckAnswer, lineLink: LineLink): Html {
	return html`<li class="${check.severity}">
<div>${checkBadge(check.status)} <a class="check-id" href="/checklist#${check.id}">${check.id}</a> <span>${check.title}</span>${
		check.severity === "critical"
			? html` <small class="critical-mark">critical</small>`
			: ""
	}${
		check.line === null
			? ""
			: html` <a class="line" href="${lineLink(check.line)}">line ${check.line}<span class="hide"> (${check.id})</span></a>`
	}</div>
${check.evidence ? html`<small class="evidence">${foreignText(shorten(check.evidence))}</small>` : ""}
</li>`;
}

function shorten(text: string): string {
	return text.length > 240 ? `${text.slice(0, 240).trimEnd()}…` : text;
}
