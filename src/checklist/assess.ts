import type { Assessment, Finding, ReportHeader } from "./assessment-schema.ts";
import { checklist } from "./checklist.ts";
import {
	type AssessOptions,
	type Draft,
	findingsPerRule,
	readAll,
} from "./reading.ts";
import { cutText } from "./resolve-answers.ts";
import { findContradictions } from "./rules/contradictions.ts";
import { findFailures } from "./rules/failures.ts";
import { findGaps } from "./rules/gaps.ts";
import { findSuspiciousText } from "./rules/text.ts";
import { rules } from "./rules.ts";

const severities = new Map(rules.map(({ id, severity }) => [id, severity]));
const severityOrder = ["error", "warning", "info"];

/**
 * Reads a report and returns what it answers, what is missing and what contradicts. Pure: no I/O, never throws, and
 * takes time proportional to the size.
 *
 * @param source The report in Markdown, in our template's form or another one.
 * @param options What the report was submitted with, for comparison with the text.
 */
export function assessReport(
	source: string,
	options: AssessOptions = {},
): Assessment {
	const reading = readAll(source, options);
	const { phases, trifecta, risk, claimedRisk, report } = reading;
	const found = Map.groupBy(
		[
			...findGaps(reading),
			...findFailures(reading),
			...findContradictions(reading),
			...findSuspiciousText(reading),
		],
		({ rule }) => rule,
	);
	const findings = [...found.values()]
		.flatMap(limitFindings)
		.sort(compareFindings);
	const answered = phases.reduce((sum, phase) => sum + phase.answered, 0);
	const total = phases.reduce((sum, phase) => sum + phase.total, 0);
	const count = (severity: string) =>
		[...found].reduce(
			(sum, [rule, drafts]) =>
				severities.get(rule) === severity ? sum + drafts.length : sum,
			0,
		);
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

/** Returns those findings of one rule that are listed. */
function limitFindings(drafts: Draft[]): Finding[] {
	const listed = drafts.slice(0, findingsPerRule).map(completeFinding);
	const last = listed.at(-1);
	const more = drafts.length - listed.length;
	if (last && more > 0)
		last.message = `${last.message} And ${more} more of this kind.`;
	return listed;
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
