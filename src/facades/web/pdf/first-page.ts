import type { Content } from "pdfmake/interfaces.js";
import type {
	Assessment,
	PhaseAssessment,
} from "../../../checklist/assessment-schema.ts";
import { contradictedPass } from "../../../checklist/contradicted-pass.ts";
import { approvalsBefore } from "../../../features/decisions/rules.ts";
import type { Approval, Revision } from "../../../features/decisions/schema.ts";
import type { Report } from "../../../features/reports/schema.ts";
import { lastDeciderText } from "../components/deciders.ts";
import { cutWords } from "./break-words.ts";
import { printable } from "./printable.ts";

const statusWords = {
	pending_review: "Pending review",
	approved: "Approved",
	rejected: "Rejected",
};

/** What a report's first page shows. */
export interface FirstPage {
	report: Report;
	assessment: Assessment;
	/** The report's own entry in its repository's history. */
	history: Pick<Revision, "decisions" | "decision_count" | "open_approvals">;
}

/** Returns what was submitted, decided and assessed. */
export function firstPage({
	report,
	assessment,
	history,
}: FirstPage): Content[] {
	const { trifecta } = assessment;
	return [
		{ text: printable(report.server_name), style: "title" },
		facts([
			["Status", statusWords[report.status]],
			["Repository", report.repository_url],
			...(report.subfolder === null
				? []
				: [["Folder", report.subfolder] as [string, string]]),
			["Developer", report.developer_email],
			["Revision", String(report.revision)],
			["Submitted", report.submitted_at],
			["Report id", report.id],
			["SHA-256 of the Markdown", report.content_sha256],
		]),
		{ text: "Decisions", style: "heading2" },
		...decisionFacts(history),
		{ text: "Assessment by the service", style: "heading2" },
		facts([
			[
				"Risk",
				`${assessment.risk_level} (the report says ${assessment.claimed_risk_level})`,
			],
			[
				"Complete",
				`${assessment.completeness} %: ${assessment.answered} of ${assessment.total} checks`,
			],
			[
				"Lethal trifecta",
				`${trifecta.combination}: private data ${trifecta.private_data}, untrusted content ${trifecta.untrusted_content}, external communication ${trifecta.external_communication}`,
			],
			...assessment.phases.map(phaseFact),
		]),
		{ text: `Findings (${assessment.findings.length})`, style: "heading2" },
		...(assessment.findings.length === 0
			? [{ text: "None.", style: "paragraph" }]
			: [
					facts(
						assessment.findings.map(({ severity, message, line }) => [
							severity,
							`${message}${line === null ? "" : ` (line ${line})`}`,
						]),
					),
				]),
	];
}

function decisionFacts({
	decisions,
	decision_count,
	open_approvals,
}: FirstPage["history"]): Content[] {
	const rows = [
		...decisions.flatMap((decision) => [
			...approvalsBefore(decision).map(approvalFact),
			deed(
				decision.to_status === "pending_review"
					? "Reopened"
					: statusWords[decision.to_status],
				lastDeciderText(decision),
				decision.decided_at,
				decision,
			),
		]),
		...open_approvals.map(approvalFact),
	];
	const earlier = decision_count - decisions.length;
	return [
		...(earlier > 0
			? [
					{
						text: `The last ${decisions.length} of ${decision_count}: the service has the earlier ones.`,
						style: "paragraph",
					},
				]
			: []),
		...(decisions.length === 0
			? [{ text: "Nobody has decided yet.", style: "paragraph" }]
			: []),
		...(rows.length === 0 ? [] : [facts(rows)]),
	];
}

/** Returns an approval that did not decide the report by itself. */
function approvalFact(approval: Approval) {
	const { approved_by, approved_at } = approval;
	return deed("Approval", approved_by, approved_at, approval);
}

function deed(
	name: string,
	by: string,
	at: string,
	{ notes, notes_shortened }: Pick<Approval, "notes" | "notes_shortened">,
): [string, string] {
	const more = notes_shortened ? " (shortened: the service has all)" : "";
	return [name, `${by}, ${at}${notes ? `\n${notes}${more}` : ""}`];
}

function phaseFact(phase: PhaseAssessment): Fact {
	const name = `${phase.number}. ${phase.title}`;
	if (!phase.found) return [name, "missing"];
	const verdict =
		phase.verdict === "unknown"
			? "the report gives no verdict"
			: `the report says ${phase.verdict}`;
	const answered = `${phase.answered} of ${phase.total} answered`;
	const contradiction = contradictedPass(phase);
	return contradiction === undefined
		? [name, `${verdict}, ${answered}`]
		: [name, `${verdict}, but ${contradiction}, ${answered}`, "alarm"];
}

/** A row of two columns; an alarm stands out. */
type Fact = [name: string, value: string, style?: "alarm"];

function facts(rows: Fact[]): Content {
	return {
		table: {
			widths: ["24%", "76%"],
			body: rows.map(([name, value, style]) => [
				{ text: printable(name), style: "tableHead" },
				{
					text: cutWords(printable(value)),
					style: style ? ["tableCell", style] : "tableCell",
				},
			]),
		},
		layout: "lines",
		margin: [0, 0, 0, 8],
	};
}
