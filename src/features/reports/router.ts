import { z } from "zod";
import { originOf } from "../../audit/rules.ts";
import { canonicalAddress } from "../../core/canonical-address.ts";
import { forgesOf } from "../../core/forge-aliases.ts";
import { textOfJson } from "../../core/json-text.ts";
import { personOf } from "../../core/person-of.ts";
import { readRepository } from "../../core/repository.ts";
import { readSubfolder } from "../../core/subfolder.ts";
import {
	actingAs,
	type Identity,
	splitSubject,
} from "../../identity/identity.ts";
import { procedure, router } from "../../procedure.ts";
import { mayRead, reportProcedure } from "./one-report.ts";
import {
	findChangeable,
	findLiveReport,
	findReport,
	insertReport,
} from "./queries.ts";
import { approvalsRequired, gravityOf } from "./quorum.ts";
import {
	changedMeanwhile,
	contentSha256,
	duplicateReport,
	incompleteReport,
	refusedRepository,
	refuseTooLarge,
	reportVersion,
	unknownReport,
} from "./rules.ts";
import { NewReport, Report } from "./schema.ts";

const tags = ["Reports"];

/** Go-live reports: submitted by developers, decided by the platform team. */
export const reportsRouter = router({
	submit: procedure
		.meta({
			access: "reports:submit",
			openapi: {
				method: "POST",
				path: "/api/v1/reports",
				operationId: "submitReport",
				tags,
				summary: "Submit a go-live report",
				description:
					"Stores the report as `pending_review`. A repository has one live report (pending or approved) at a time, or one for each named `subfolder`; after a rejection, the next submission is its next revision.",
			},
			rest: {
				success: 201,
				errors: {
					400: "The report is not valid; `issues` names every problem.",
					403: "`developer_email` is somebody else's.",
					409: "The repository already has a live report: `existing_report_id`, if you may read it.",
					413: "The report is larger than 1 MiB.",
					422: "The service accepts only complete reports (REQUIRE_COMPLETE_REPORT), and the assessment finds errors; `issues` names them all. Or the report is too complex to read.",
				},
			},
		})
		.input(NewReport)
		.output(Report)
		.mutation(async ({ ctx, input }) => {
			const { db, settings, identity, runTask } = ctx;
			refuseTooLarge(input);
			const { key, problem } = readRepository(input.repository_url, {
				aliases: settings.FORGE_ALIASES,
			});
			if (problem !== undefined) throw refusedRepository(problem);
			const developer_email = actingAs(
				identity,
				"developer_email",
				input.developer_email,
			);
			const report_json = input.report_json && textOfJson(input.report_json);
			const assessment = await runTask(
				"assess",
				{ ...input, report_json, developer_email },
				forgesOf(settings),
			);
			if (settings.REQUIRE_COMPLETE_REPORT && assessment.error_count > 0) {
				throw incompleteReport(assessment);
			}
			const report = {
				server_name: input.server_name,
				repository_url: input.repository_url,
				repository_key: key,
				...folderOf(input.subfolder),
				developer_email,
				report_data: input.report_data,
				report_json: report_json ?? null,
				content_sha256: contentSha256(input.report_data),
				assessment,
				...submitterOf(identity, developer_email),
				approvals_required: personOf(identity)
					? approvalsRequired(gravityOf(assessment), settings)
					: null,
			};
			const origin = originOf(ctx, developer_email);
			const inserted = await insertReport(db, report, origin);
			if (inserted) return inserted;
			const existing = await findLiveReport(db, {
				canonical_key: report.repository_key,
				subfolder_key: report.subfolder_key,
			});
			if (existing) {
				const isReadable = await mayRead(db, identity, existing.id);
				throw duplicateReport(isReadable ? existing : undefined);
			}
			// The report that prevented it has just been rejected.
			const retried = await insertReport(db, report, origin);
			if (retried) return retried;
			throw changedMeanwhile();
		}),

	get: reportProcedure
		.meta({
			access: "reports:read",
			readAs: "report_read",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/{id}",
				operationId: "getReport",
				tags,
				summary: "Read a report in full",
				description:
					"Everything known about one report, including its Markdown.",
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
		.output(Report)
		.query(async ({ ctx: { db }, input: { id } }) => {
			const report = await findReport(db, id);
			if (!report) throw unknownReport(id);
			return report;
		}),

	/**
	 * Returns the version in a report's `ETag`, without reading its text, for callers who may read
	 * the report.
	 */
	version: reportProcedure
		.meta({ access: "reports:read", recordedAs: "reports.get" })
		.output(z.string())
		.query(async ({ ctx: { db }, input: { id } }) => {
			const report = await findChangeable(db, id);
			if (!report) throw unknownReport(id);
			return reportVersion(report);
		}),
});

/** Returns the server's folder as it is stored, and the key by which it is compared. */
function folderOf(path: string | undefined) {
	if (path === undefined) return { subfolder: null, subfolder_key: "" };
	const { subfolder, key, problem } = readSubfolder(path);
	if (problem !== undefined) {
		throw new Error("the schema lets no such folder through");
	}
	return { subfolder, subfolder_key: key };
}

/** Returns a new report's owner, and the address by which its submitter is compared. */
function submitterOf(identity: Identity, developer_email: string) {
	const person = personOf(identity);
	if (!person) {
		// Without an owner until somebody proves that the address is theirs.
		const submitter_canonical = canonicalAddress(developer_email) ?? null;
		return { submitter_canonical, owner_issuer: null, owner_sub: null };
	}
	const { issuer, sub } = splitSubject(person.subject);
	return {
		submitter_canonical: person.email_canonical,
		owner_issuer: issuer,
		owner_sub: sub,
	};
}
