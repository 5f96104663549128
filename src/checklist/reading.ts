import type {
	Finding,
	PhaseAssessment,
	RiskLevel,
	Trifecta,
} from "./assessment-schema.ts";
import { checklist } from "./checklist.ts";
import { type Markdown, readMarkdown } from "./markdown.ts";
import { readReport } from "./read-report.ts";
import { readTrifecta } from "./read-trifecta.ts";
import type { Report } from "./report.ts";
import {
	type ResolvedAnswer,
	resolveAnswers,
	resolvePhase,
} from "./resolve-answers.ts";
import { judgeRisk } from "./risk.ts";
import type { RuleId } from "./rules.ts";
import { toSource } from "./source.ts";

/** What a report is compared with, beside the checklist. */
export type AssessOptions = {
	/** Structured data that came with the report; read leniently and never trusted over the text. */
	reportJson?: unknown;
	/** What the report was submitted with; only given values are compared. */
	submission?: {
		server_name?: string;
		repository_url?: string;
		developer_email?: string;
	};
	/** The host names of forges by their aliases: `FORGE_ALIASES`. */
	aliases?: ReadonlyMap<string, string>;
};

/** A report that has been read, for the rules to judge. */
export type Reading = {
	/** The report as sent, with line feeds at the ends of its lines and each letter in one character. */
	source: string;
	markdown: Markdown;
	report: Report;
	answers: Map<string, ResolvedAnswer>;
	phases: PhaseAssessment[];
	trifecta: Trifecta;
	risk: RiskLevel;
	claimedRisk: RiskLevel;
	options: AssessOptions;
};

/** A finding before its rule's severity is added. */
export type Draft = Pick<Finding, "message"> &
	Partial<Pick<Finding, "phase" | "check" | "line">> & { rule: RuleId };

/** Maximum number of findings of one rule in an assessment; the last of them says how many more there are. */
export const findingsPerRule = 50;

/** Reads everything in a report that the rules look at. */
export function readAll(sent: string, options: AssessOptions): Reading {
	const source = toSource(sent);
	const markdown = readMarkdown(source);
	const report = readReport(markdown);
	const answers = resolveAnswers(report);
	const phases = checklist.phases.map((phase) =>
		resolvePhase(phase, report, answers),
	);
	const trifecta = readTrifecta(answers);
	const { risk, claimedRisk } = judgeRisk(report, answers, trifecta);
	return {
		source,
		markdown,
		report,
		answers,
		phases,
		trifecta,
		risk,
		claimedRisk,
		options,
	};
}
