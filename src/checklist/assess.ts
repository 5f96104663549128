import { checklist } from "./checklist.ts";
import { type AssessOptions, type Draft, readAll } from "./reading.ts";
import { cutText } from "./resolve-answers.ts";
import { findContradictions } from "./rules/contradictions.ts";
import { findFailures } from "./rules/failures.ts";
import { findGaps } from "./rules/gaps.ts";
import { findSuspiciousText } from "./rules/text.ts";
import { rules } from "./rules.ts";
import type { Assessment, Finding, ReportHeader } from "./schema.ts";

/** Findings of one rule that an assessment lists; the last of them says how many more there are. */
const findingsPerRule = 50;
const severities = new Map(rules.map(({ id, severity }) => [id, severity]));
const severityOrder = ["error", "warning", "info"];

/**
 * Reads a report and says what it answers, what is missing and what contradicts.
 * Pure: no I/O, never throws, and takes time in proportion to the size.
 * @param source The report in Markdown, in our template's form or another one.
 * @param options What the report was submitted with, to be compared with the text.
 */
export function assessReport(
	source: string,
	options: AssessOptions = {},
): Assessment {
	const reading = readAll(source, options);
	const { phases, trifecta, risk, claimedRisk, report } = reading;
	const found = [
		...findGaps(reading),
		...findFailures(reading),
		...findContradictions(reading),
		...findSuspiciousText(reading),
	].map(completeFinding);
	const findings = limitFindings(found).sort(compareFindings);
	const answered = phases.reduce((sum, phase) => sum + phase.answered, 0);
	const total = phases.reduce((sum, phase) => sum + phase.total, 0);
	const count = (severity: string) =>
		found.filter((finding) => finding.severity === severity).length;
	return {
		checklist_version: checklist.version,
		risk_level: risk,
		claimed_risk_level: claimedRisk,
		completeness: Math.floor((100 * answered) / total),
		answered,
		total,
		error_count: count("error"),
		warning_count: count("warning"),
		trifecta,
		header: cutHeader(report.header),
		phases,
		findings,
	};
}

function completeFinding({ rule, ...draft }: Draft): Finding {
	return {
		rule,
		severity: severities.get(rule) ?? "error",
		phase: draft.phase ?? null,
		check: draft.check ?? null,
		message: cutText(draft.message, 500),
		line: draft.line ?? null,
	};
}

function limitFindings(findings: Finding[]): Finding[] {
	return [...Map.groupBy(findings, ({ rule }) => rule).values()].flatMap(
		(same) => {
			const listed = same.slice(0, findingsPerRule);
			const last = listed.at(-1);
			const more = same.length - listed.length;
			if (last && more > 0)
				listed.splice(-1, 1, {
					...last,
					message: `${last.message} And ${more} more of this kind.`,
				});
			return listed;
		},
	);
}

function compareFindings(a: Finding, b: Finding): number {
	return (
		severityOrder.indexOf(a.severity) - severityOrder.indexOf(b.severity) ||
		(a.line ?? Number.POSITIVE_INFINITY) -
			(b.line ?? Number.POSITIVE_INFINITY) ||
		0
	);
}

function cutHeader(header: ReportHeader): ReportHeader {
	const cut = (value: string | null) => value && cutText(value, 500);
	return {
		server_name: cut(header.server_name),
		repository: cut(header.repository),
		developer: cut(header.developer),
		review_date: cut(header.review_date),
		review_duration: cut(header.review_duration),
		checklist_version: cut(header.checklist_version),
	};
}
