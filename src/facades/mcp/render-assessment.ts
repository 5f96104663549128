import type {
	Assessment,
	Finding,
	PhaseAssessment,
} from "../../checklist/assessment-schema.ts";
import { contradictedPass } from "../../checklist/contradicted-pass.ts";
import type { ReportSummary } from "../../features/reports/schema.ts";
import { inline, row } from "./escape.ts";

/** Maximum number of findings that a text lists; the REST API returns them all. */
const LISTED_FINDINGS = 60;

/** Renders the result of check_report. */
export function renderCheck(assessment: Assessment): string {
	const errors = assessment.error_count;
	const next =
		errors === 0
			? "No errors: the report can be submitted with submit_report."
			: `Fix ${errors === 1 ? "the error" : `the ${errors} errors`} with the developer, with real evidence only, and check again. A reviewer will see all of this; a service that accepts only complete reports refuses it.`;
	return `## Report check

${renderAssessment(assessment)}

${next} Nothing was stored.
`;
}

/** Renders what the service read in a report: risk, trifecta, phases, findings. */
export function renderAssessment(assessment: Assessment): string {
	const { trifecta, phases, findings } = assessment;
	const phaseRows = phases.map((phase) =>
		row([
			`${phase.number}. ${phase.title}`,
			verdictOf(phase),
			`${phase.answered} of ${phase.total}`,
		]),
	);
	return `**Risk level:** ${assessment.risk_level}
**Lethal trifecta:** ${trifectaWords[trifecta.combination]} (private data: ${trifecta.private_data}, untrusted content: ${trifecta.untrusted_content}, external communication: ${trifecta.external_communication})
**Completeness:** ${assessment.completeness} % (${assessment.answered} of ${assessment.total} checks answered, checklist ${assessment.checklist_version})
**Findings:** ${assessment.error_count} errors, ${assessment.warning_count} warnings

| Phase | Verdict | Answered |
|---|---|---|
${phaseRows.join("\n")}
${renderFindings(findings)}`;
}

/** Renders a report's risk as a table cell; a complete trifecta stands out. */
export function riskCell({ risk_level, trifecta }: ReportSummary): string {
	return trifecta === "complete"
		? `${risk_level} ⛔ LETHAL TRIFECTA`
		: risk_level;
}

const trifectaWords = {
	complete: "⛔ COMPLETE: all three legs are present, redesign before go-live",
	broken: "broken",
	unknown: "unknown",
};

const marks = { error: "❌", warning: "⚠️", info: "ℹ️" };

function verdictOf(phase: PhaseAssessment): string {
	if (!phase.found) return "missing";
	const contradiction = contradictedPass(phase);
	return contradiction === undefined
		? phase.verdict
		: `❌ report says pass, ${contradiction}`;
}

function renderFindings(findings: Finding[]): string {
	if (findings.length === 0) return "";
	const lines = findings
		.slice(0, LISTED_FINDINGS)
		.map(
			({ severity, rule, message, line }) =>
				`- ${marks[severity]} ${rule}${line === null ? "" : ` (line ${line})`}: ${inline(message)}`,
		);
	const more = findings.length - lines.length;
	return `\n${lines.join("\n")}${more > 0 ? `\n- and ${more} more` : ""}`;
}
