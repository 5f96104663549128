import { createRequire } from "node:module";
import pdfmake from "pdfmake";
import type { Content, TDocumentDefinitions } from "pdfmake/interfaces.js";
import type { Assessment } from "../../checklist/assessment-schema.ts";
import { approvalsBefore } from "../../decisions/rules.ts";
import type { Approval, Revision } from "../../decisions/schema.ts";
import type { Report } from "../../reports/schema.ts";
import { decidersText } from "../components/deciders.ts";
import { typesetMarkdown } from "./markdown.ts";
import { printable } from "./printable.ts";
import { styles, tableLayouts } from "./styles.ts";

/** A cut of the font that comes with pdfmake; it has Latin, Greek and Cyrillic letters. */
const cut = (name: string) =>
	createRequire(import.meta.url).resolve(
		`pdfmake/fonts/Roboto/Roboto-${name}.ttf`,
	);
const font = {
	normal: cut("Regular"),
	bold: cut("Medium"),
	italics: cut("Italic"),
	bolditalics: cut("MediumItalic"),
};

pdfmake.setFonts({ Roboto: font });
// Text alone is typeset: nothing is ever fetched, and of files only the fonts are read.
pdfmake.setUrlAccessPolicy(() => false);
pdfmake.setLocalAccessPolicy((path: string) =>
	Object.values(font).includes(path),
);
pdfmake.setTableLayouts(tableLayouts);

const statusWords = {
	pending_review: "Pending review",
	approved: "Approved",
	rejected: "Rejected",
};

/**
 * Typesets a report as a PDF: what was submitted, assessed and decided on the
 * first page, then the report's text.
 *
 * @returns the PDF's bytes
 */
export async function typesetReport(input: {
	report: Report;
	assessment: Assessment;
	/** The report's own, of its repository's. */
	history: Pick<Revision, "decisions" | "open_approvals">;
}): Promise<Uint8Array> {
	const { report } = input;
	const definition: TDocumentDefinitions = {
		info: {
			title: printable(`${report.server_name}, revision ${report.revision}`),
			creator: "MCP Go-Live",
		},
		pageMargins: [40, 46, 40, 46],
		defaultStyle: { font: "Roboto", fontSize: 9.5, lineHeight: 1.2 },
		styles,
		footer: (page, pages) => ({
			text: printable(
				`${report.server_name}, revision ${report.revision}, ${report.id}     ${page} / ${pages}`,
			),
			style: "small",
			margin: [40, 12, 40, 0],
		}),
		content: [
			...firstPage(input),
			{ text: "Report", style: "heading1", pageBreak: "before" },
			...typesetMarkdown(report.report_data),
		],
	};
	return new Uint8Array(await pdfmake.createPdf(definition).getBuffer());
}

function firstPage({
	report,
	assessment,
	history,
}: Parameters<typeof typesetReport>[0]): Content[] {
	const { trifecta } = assessment;
	return [
		{ text: printable(report.server_name), style: "title" },
		facts([
			["Status", statusWords[report.status]],
			["Repository", report.repository_url],
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
			...assessment.phases.map((phase): [string, string] => [
				`${phase.number}. ${phase.title}`,
				phase.found
					? `${phase.verdict}, ${phase.answered} of ${phase.total} answered`
					: "missing",
			]),
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
	open_approvals,
}: Pick<Revision, "decisions" | "open_approvals">): Content[] {
	const rows = [
		...decisions.flatMap((decision) => [
			...approvalsBefore(decision).map(approvalFact),
			deed(
				decision.to_status === "pending_review"
					? "Reopened"
					: statusWords[decision.to_status],
				decidersText(decision),
				decision.decided_at,
				decision.notes,
			),
		]),
		...open_approvals.map(approvalFact),
	];
	return [
		...(decisions.length === 0
			? [{ text: "Nobody has decided yet.", style: "paragraph" }]
			: []),
		...(rows.length === 0 ? [] : [facts(rows)]),
	];
}

/** An approval that decided nothing by itself. */
function approvalFact({ approved_by, approved_at, notes }: Approval) {
	return deed("Approval", approved_by, approved_at, notes);
}

function deed(
	name: string,
	by: string,
	at: string,
	notes: string | null,
): [string, string] {
	return [name, `${by}, ${at}${notes ? `\n${notes}` : ""}`];
}

function facts(rows: [name: string, value: string][]): Content {
	return {
		table: {
			widths: ["24%", "76%"],
			body: rows.map(([name, value]) => [
				{ text: printable(name), style: "tableHead" },
				{ text: printable(value), style: "tableCell" },
			]),
		},
		layout: "lines",
		margin: [0, 0, 0, 8],
	};
}
