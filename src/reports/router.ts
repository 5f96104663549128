import type { TRPCError } from "@trpc/server";
import { z } from "zod";
import { assessWithoutBlocking } from "../assessments/assess-without-blocking.ts";
import { incompleteReport } from "../assessments/rules.ts";
import { conflict } from "../errors.ts";
import { procedure, router } from "../trpc.ts";
import {
	changeStatus,
	findChangeable,
	findLiveReport,
	findReport,
	findStandingReport,
	insertReport,
	listDecisions,
	listRevisions,
} from "./queries.ts";
import { repositoryKey } from "./repository.ts";
import {
	contentSha256,
	duplicateReport,
	impossibleChange,
	refuseTooLarge,
	reportVersion,
	secondLiveReport,
	sourcesOf,
	unknownReport,
} from "./rules.ts";
import {
	Decision,
	NewDecision,
	NewReport,
	Report,
	ReportId,
	Revision,
} from "./schema.ts";

const tags = ["Reports"];

/** Go-live reports: submitted by developers, decided by the platform team. */
export const reportsRouter = router({
	submit: procedure
		.meta({
			openapi: {
				method: "POST",
				path: "/api/v1/reports",
				operationId: "submitReport",
				tags,
				summary: "Submit a go-live report",
				description:
					"Stores the report as `pending_review`. A repository has one live report (pending or approved) at a time; after a rejection, the next submission is its next revision.",
				protect: false,
			},
			rest: {
				success: 201,
				errors: {
					400: "The report is not valid; `issues` names every problem.",
					409: "The repository has a live report already: `existing_report_id`.",
					413: "The report is larger than 1 MiB.",
					422: "The service takes only complete reports (REQUIRE_COMPLETE_REPORT), and the assessment finds errors; `issues` names them all.",
				},
			},
		})
		.input(NewReport)
		.output(Report)
		.mutation(async ({ ctx: { db, settings }, input }) => {
			refuseTooLarge(input);
			const assessment = await assessWithoutBlocking(input);
			if (settings.requireCompleteReport && assessment.error_count > 0) {
				throw incompleteReport(assessment);
			}
			const report = {
				server_name: input.server_name,
				repository_url: input.repository_url,
				repository_key: keyOf(input.repository_url),
				developer_email: input.developer_email,
				report_data: input.report_data,
				report_json: input.report_json ?? null,
				content_sha256: contentSha256(input.report_data),
				assessment,
			};
			const inserted = await insertReport(db, report);
			if (inserted) return inserted;
			const existing = await findLiveReport(db, report.repository_key);
			if (existing) throw duplicateReport(existing);
			// Whoever stood in the way was rejected in this very moment.
			const retried = await insertReport(db, report);
			if (retried) return retried;
			throw changedMeanwhile();
		}),

	get: procedure
		.meta({
			openapi: {
				method: "GET",
				path: "/api/v1/reports/{id}",
				operationId: "getReport",
				tags,
				summary: "Read a report in full",
				description:
					"Everything that is known of one report, Markdown included.",
				protect: false,
			},
			rest: {
				success: 200,
				errors: {
					400: "The id is not a UUID.",
					404: "There is no such report.",
				},
				etag: { versionOf: reportVersion, procedure: "reports.version" },
			},
		})
		.input(ReportId)
		.output(Report)
		.query(async ({ ctx: { db }, input: { id } }) => {
			const report = await findReport(db, id);
			if (!report) throw unknownReport(id);
			return report;
		}),

	/** What a report's `ETag` holds, found without its text. */
	version: procedure
		.input(ReportId)
		.output(z.string())
		.query(async ({ ctx: { db }, input: { id } }) => {
			const report = await findChangeable(db, id);
			if (!report) throw unknownReport(id);
			return reportVersion(report);
		}),

	setStatus: procedure
		.meta({
			openapi: {
				method: "PATCH",
				path: "/api/v1/reports/{id}/status",
				operationId: "setReportStatus",
				tags,
				summary: "Approve, reject or reopen a report",
				description:
					"A pending report is approved or rejected; a decided one is reopened by setting `pending_review`, which clears its review fields. Every change is kept as a decision.",
				protect: false,
			},
			rest: {
				success: 200,
				errors: {
					400: "The decision is not valid; `issues` names every problem.",
					404: "There is no such report.",
					409: "The report's present state does not allow this change.",
				},
			},
		})
		.input(NewDecision)
		.output(Report)
		.mutation(async ({ ctx: { db }, input }) => {
			const changed = await changeStatus(db, input, sourcesOf[input.status]);
			if (changed) return changed;
			const present = await findStandingReport(db, input.id);
			if (!present) throw unknownReport(input.id);
			if (!sourcesOf[input.status].includes(present.status)) {
				throw impossibleChange(present, input.status);
			}
			const live = await findLiveReport(db, present.repository_key);
			if (live) throw secondLiveReport(input.id, live);
			throw changedMeanwhile();
		}),

	decisions: procedure
		.meta({
			openapi: {
				method: "GET",
				path: "/api/v1/reports/{id}/decisions",
				operationId: "listDecisions",
				tags,
				summary: "List a report's decisions",
				description: "Every change of the report's status, oldest first.",
				protect: false,
			},
			rest: {
				success: 200,
				errors: {
					400: "The id is not a UUID.",
					404: "There is no such report.",
				},
			},
		})
		.input(ReportId)
		.output(z.array(Decision))
		.query(async ({ ctx: { db }, input: { id } }) => {
			const decisions = await listDecisions(db, id);
			if (decisions.length === 0 && !(await findStandingReport(db, id))) {
				throw unknownReport(id);
			}
			return decisions;
		}),

	revisions: procedure
		.meta({
			openapi: {
				method: "GET",
				path: "/api/v1/reports/{id}/revisions",
				operationId: "listRevisions",
				tags,
				summary: "List all revisions of a report's repository",
				description:
					"Every report for the same repository, this one included, oldest first, each with all decisions about it: the history of the server.",
				protect: false,
			},
			rest: {
				success: 200,
				errors: {
					400: "The id is not a UUID.",
					404: "There is no such report.",
				},
			},
		})
		.input(ReportId)
		.output(z.array(Revision))
		.query(async ({ ctx: { db }, input: { id } }) => {
			const revisions = await listRevisions(db, id);
			if (revisions.length === 0) throw unknownReport(id);
			return revisions;
		}),
});

function keyOf(url: string): string {
	const key = repositoryKey(url);
	if (key === undefined) throw new Error("the schema lets no such URL through");
	return key;
}

function changedMeanwhile(): TRPCError {
	return conflict(
		"The repository's reports changed in this very moment. List them, and try again.",
	);
}
