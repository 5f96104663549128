import type { TRPCError } from "@trpc/server";
import { assessReport } from "../checklist/assess.ts";
import type { Assessment, Finding } from "../checklist/assessment-schema.ts";
import type { AssessOptions } from "../checklist/reading.ts";
import { findRule } from "../checklist/rules.ts";
import type { Config } from "../config.ts";
import { issuesError } from "../errors.ts";
import type { Draft, ReportIssue } from "./schema.ts";

/** What an assessment is made of: a draft, or a report as it is stored. */
type Assessable = Omit<Draft, "report_json"> & {
	/** As it is, or as JSON: to hand over a text costs nothing. */
	report_json?: Record<string, unknown> | string | null | undefined;
};

/** What is known of the forges whose repositories reports name. */
type Forges = Pick<AssessOptions, "aliases">;

/** What a service's settings say of forges. */
export function forgesOf({
	FORGE_ALIASES,
}: Pick<Config, "FORGE_ALIASES">): Forges {
	return FORGE_ALIASES.size > 0 ? { aliases: FORGE_ALIASES } : {};
}

/** Assesses a report; its header can contradict whatever the submission says of who submits what. */
export function assess(report: Assessable, forges: Forges = {}): Assessment {
	const { server_name, repository_url, developer_email, report_json } = report;
	return assessReport(report.report_data, {
		...forges,
		...(report_json && {
			reportJson:
				typeof report_json === "string" ? JSON.parse(report_json) : report_json,
		}),
		submission: {
			...(server_name !== undefined && { server_name }),
			...(repository_url !== undefined && { repository_url }),
			...(developer_email !== undefined && { developer_email }),
		},
	});
}

/** 422 with every error, for a service that takes only complete reports. */
export function incompleteReport(
	assessment: Pick<Assessment, "findings" | "error_count">,
): TRPCError {
	const issues = assessment.findings
		.filter(({ severity }) => severity === "error")
		.map(({ rule, message, line }) => ({
			path: "report_data",
			message: `${rule}: ${message}${line === null ? "" : ` (line ${line})`}`,
		}));
	const count = assessment.error_count;
	return issuesError(
		`This service takes only complete reports, and the assessment finds ${count === 1 ? "1 error" : `${count} errors`} in this one. ${issues.map(({ message }) => message).join(" ")}`,
		issues,
	);
}

/** A finding in the form of an issue. */
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

/** An issue as its submitter wrote it, and the list that it stands in. */
interface WrittenIssue {
	item: string | Record<string, unknown>;
	list: keyof typeof severityOf;
}

/**
 * The submitter's own issues out of `report_json`, read leniently: what is no
 * list is none, and of a list texts and objects count.
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
 * A submitter's own issue in the form of ours: a plain text is its description,
 * what has no severity gets that of its list.
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
