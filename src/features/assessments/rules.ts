import type { Finding } from "../../checklist/assessment-schema.ts";
import { findRule } from "../../checklist/rules.ts";
import type { ReportIssue } from "./schema.ts";

/** Returns a finding in the form of an issue. */
export function issueFromFinding({
	rule,
	severity,
	phase,
	message,
	line,
}: Finding): ReportIssue {
	const fix = findRule(rule)?.fix;
	return {
		severity,
		description: message,
		...(fix && { recommendation: fix }),
		...(phase && { phase_id: phase }),
		rule,
		...(line !== null && { line }),
	};
}

const severityOf = {
	critical_issues: "critical",
	warnings: "warning",
	recommendations: "info",
} as const;

/** An issue as its submitter wrote it, and the list that contains it. */
interface WrittenIssue {
	item: string | Record<string, unknown>;
	list: keyof typeof severityOf;
}

/**
 * Reads the submitter's own issues from `report_json`, leniently: a member that is not a list
 * counts as empty, and in a list only texts and objects count.
 */
export function issuesInJson(
	reportJson: Record<string, unknown> | null,
	list: keyof typeof severityOf,
): WrittenIssue[] {
	const given = reportJson?.[list];
	if (!Array.isArray(given)) return [];
	return (given as unknown[]).filter(isIssue).map((item) => ({ item, list }));
}

function isIssue(item: unknown): item is WrittenIssue["item"] {
	if (typeof item === "string") return true;
	return typeof item === "object" && item !== null && !Array.isArray(item);
}

/**
 * Converts a submitter's own issue to our form: a plain text becomes the description, and an issue
 * without a severity gets that of its list.
 */
export function issueFromJson({ item, list }: WrittenIssue): ReportIssue {
	const severity = severityOf[list];
	if (typeof item === "string") return { severity, description: item };
	const { rule, line, ...rest } = item;
	return {
		...rest,
		severity: asText(rest.severity) ?? severity,
		description: asText(rest.description) ?? "",
		impact: asText(rest.impact),
		recommendation: asText(rest.recommendation),
		phase_id: asText(rest.phase_id),
	};
}

function asText(value: unknown): string | undefined {
	if (typeof value === "string") return value;
	return typeof value === "number" ? String(value) : undefined;
}
