import { z } from "zod";
import { optional, withDefault } from "../../core/fields.ts";
import { NewReport, ReportId } from "../reports/schema.ts";

/** A report that is assessed before submission; nothing of it is stored. */
export const Draft = NewReport.extend({
	server_name: optional(NewReport.shape.server_name),
	repository_url: optional(NewReport.shape.repository_url),
}).meta({
	id: "Draft",
	examples: [
		{
			report_data: "# Go-Live Report\n\n## Phase 1: Security...\n\n...",
			server_name: "mcp-servicenow",
		},
	],
});
export type Draft = z.infer<typeof Draft>;

/**
 * One issue in the form that clients of the earlier service know; any other members they sent are
 * kept.
 */
export const ReportIssue = z
	.looseObject({
		severity: z.string().describe("As the submitter wrote it, or a finding's."),
		description: z.string(),
		impact: z.string().optional(),
		recommendation: z.string().optional(),
		phase_id: z.string().optional().describe("The phase concerned."),
		rule: z
			.string()
			.optional()
			.describe("The assessment's rule; absent on what the submitter wrote."),
		line: z.int().optional().describe("Line of the report, counted from 1."),
	})
	.meta({
		id: "ReportIssue",
		examples: [
			{
				severity: "error",
				description: "SEC-6 Tool descriptions is not answered.",
				recommendation:
					"Answer the check with Pass, Fail, Warning or N/A, and say what the answer rests on.",
				phase_id: "security",
				rule: "check-missing",
			},
		],
	});
export type ReportIssue = z.infer<typeof ReportIssue>;

const example = {
	report_id: "550e8400-e29b-41d4-a716-446655440000",
	server_name: "mcp-servicenow",
	critical_issues: [],
	warnings: [],
	recommendations: [
		{ severity: "info", description: "Add an alert on refused tokens." },
	],
};

/** Default number of issues in a page. */
export const DEFAULT_ISSUES = 200;

/** A page of a report's issues. */
export const IssuesPage = ReportId.extend({
	limit: withDefault(
		z.coerce
			.number<number>("Must be a number from 1 to 200.")
			.int("Must be a whole number from 1 to 200.")
			.min(1, "Must be at least 1.")
			.max(200, "Must be at most 200."),
		DEFAULT_ISSUES,
	).describe("Maximum number of issues in all three lists together."),
	after: withDefault(
		z.coerce
			.number<number>("Must be a number of issues.")
			.int("Must be a whole number.")
			.min(0, "Must be at least 0.")
			.max(Number.MAX_SAFE_INTEGER, "Is more issues than any report has."),
		0,
	).describe(
		"How many issues the caller has already seen; the page starts after them. The three lists are read one after the other.",
	),
});

/** A report's issues according to the submitter's `report_json` and the assessment. */
export const ReportIssues = z
	.object({
		report_id: z.guid(),
		server_name: z.string(),
		critical_issues: z.array(ReportIssue),
		warnings: z.array(ReportIssue),
		recommendations: z.array(ReportIssue),
	})
	.meta({ id: "ReportIssues", examples: [example] });
export type ReportIssues = z.infer<typeof ReportIssues>;

/** Counts the issues in all lists of a page. */
export function countIssues(page: ReportIssues): number {
	return (
		page.critical_issues.length +
		page.warnings.length +
		page.recommendations.length
	);
}
