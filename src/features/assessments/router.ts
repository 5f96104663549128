import { Assessment, type Finding } from "../../checklist/assessment-schema.ts";
import { forgesOf } from "../../core/forge-aliases.ts";
import { textOfJson } from "../../core/json-text.ts";
import { procedure, router } from "../../procedure.ts";
import { reportProcedure } from "../reports/one-report.ts";
import { refuseTooLarge, unknownReport } from "../reports/rules.ts";
import { findAssessed } from "./queries.ts";
import { issueFromFinding, issueFromJson, issuesInJson } from "./rules.ts";
import {
	countIssues,
	DEFAULT_ISSUES,
	Draft,
	IssuesPage,
	type ReportIssue,
	ReportIssues,
} from "./schema.ts";

const tags = ["Reports"];
const tooComplexToRead =
	"The report is too complex to read: it would take more time or memory than one report may use.";
const oneReport = {
	400: "The id is not a UUID.",
	404: "There is no such report.",
	422: tooComplexToRead,
};

/** Assessments of reports by the service itself; a part of `reports`. */
export const assessmentsRouter = router({
	check: procedure
		.meta({
			access: "reports:submit",
			openapi: {
				method: "POST",
				path: "/api/v1/reports/check",
				operationId: "checkReport",
				tags,
				summary: "Check a draft before it is submitted",
				description:
					"Assesses a report as a submission would be, and stores nothing. If server name, repository and e-mail are given, the report's header is compared with them.",
			},
			rest: {
				success: 200,
				errors: {
					400: "The draft is not valid; `issues` names every problem.",
					413: "The draft is larger than 1 MiB.",
					422: tooComplexToRead,
				},
			},
		})
		.input(Draft)
		.output(Assessment)
		.mutation(({ ctx: { runTask, settings }, input }) => {
			refuseTooLarge(input);
			const report_json = input.report_json && textOfJson(input.report_json);
			return runTask("assess", { ...input, report_json }, forgesOf(settings));
		}),

	assessment: reportProcedure
		.meta({
			access: "reports:read",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/{id}/assessment",
				operationId: "getAssessment",
				tags,
				summary: "Read a report's assessment",
				description:
					"Per phase and check what the report claims, the lethal trifecta, and every finding. Advice for the reviewer: it decides nothing.",
			},
			rest: { success: 200, errors: oneReport, etag: true },
		})
		.output(Assessment)
		.query(async ({ ctx: { db, runTask, settings }, input: { id } }) => {
			const report = await findAssessed(db, id);
			if (!report) throw unknownReport(id);
			return (
				report.assessment ??
				(await runTask("assess", report, forgesOf(settings)))
			);
		}),

	issues: reportProcedure
		.meta({
			access: "reports:read",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/{id}/issues",
				operationId: "listIssues",
				tags,
				summary: "List a report's issues",
				description:
					"What the submitter's `report_json` names as critical issues, warnings and recommendations, together with the assessment's findings: errors, warnings and hints. A page contains up to `limit` of them, starting with the first list.",
			},
			rest: {
				success: 200,
				errors: {
					400: "The id is not a UUID, or the page is not valid; `issues` names every problem.",
					404: oneReport[404],
					422: oneReport[422],
				},
				pageSize: DEFAULT_ISSUES,
				countRows: countIssues,
			},
		})
		.input(IssuesPage)
		.output(ReportIssues)
		.query(
			async ({
				ctx: { db, runTask, settings },
				input: { id, limit, after },
			}) => {
				const report = await findAssessed(db, id);
				if (!report) throw unknownReport(id);
				const { findings } =
					report.assessment ??
					(await runTask("assess", report, forgesOf(settings)));
				const json = report.report_json;
				const page = takePage(after, limit);
				return {
					report_id: id,
					server_name: report.server_name,
					critical_issues: [
						...page(issuesInJson(json, "critical_issues"), issueFromJson),
						...page(ofSeverity(findings, "error"), issueFromFinding),
					],
					warnings: [
						...page(issuesInJson(json, "warnings"), issueFromJson),
						...page(ofSeverity(findings, "warning"), issueFromFinding),
					],
					recommendations: [
						...page(issuesInJson(json, "recommendations"), issueFromJson),
						...page(ofSeverity(findings, "info"), issueFromFinding),
					],
				};
			},
		),
});

/**
 * Returns a function that takes a page out of lists, in the order in which they are passed; entries
 * outside the page are not processed, and there may be a hundred thousand.
 */
function takePage(after: number, limit: number) {
	let first = after;
	let left = limit;
	return <Item>(
		list: Item[],
		toIssue: (item: Item) => ReportIssue,
	): ReportIssue[] => {
		const taken = list.slice(first, first + left);
		first = Math.max(0, first - list.length);
		left -= taken.length;
		return taken.map(toIssue);
	};
}

function ofSeverity(
	findings: Finding[],
	severity: Finding["severity"],
): Finding[] {
	return findings.filter((finding) => finding.severity === severity);
}
