import { z } from "zod";
import {
	Assessment,
	RiskLevel,
	Trifecta,
} from "../../checklist/assessment-schema.ts";
import { isEmailAddress } from "../../core/canonical-address.ts";
import {
	document,
	guid,
	line,
	optional,
	statedNumber,
	statedText,
	time,
} from "../../core/fields.ts";
import { jsonObject, storedJson } from "../../core/json-object.ts";
import { MAX_URL_LENGTH, readRepository } from "../../core/repository.ts";
import { MAX_SUBFOLDER_LENGTH, readSubfolder } from "../../core/subfolder.ts";
import { reportStatuses } from "../../core/words.ts";

/** The three states of a report (PRD, FR-002). */
export const ReportStatus = z
	.enum(reportStatuses)
	.meta({ id: "ReportStatus", description: "The status of a report." });
export type ReportStatus = z.infer<typeof ReportStatus>;

/** Maximum size of a report's Markdown, in bytes of UTF-8. */
export const MAX_REPORT_BYTES = 1024 * 1024;

/** Maximum size of `report_json`, in bytes of JSON. */
export const MAX_REPORT_JSON_BYTES = 1024 * 1024;

const id = guid("The report's id, a UUID.");

const repositoryUrl = line(
	MAX_URL_LENGTH,
	"as in https://github.com/owner/name",
)
	.superRefine((url, context) => {
		const { problem } = readRepository(url);
		if (problem) context.addIssue({ code: "custom", message: problem });
	})
	.describe("The repository: an https, http, ssh or git@host:path URL.");

const subfolder = line(MAX_SUBFOLDER_LENGTH, "as in packages/mcp-jira")
	.superRefine((path, context) => {
		const { problem } = readSubfolder(path);
		if (problem) context.addIssue({ code: "custom", message: problem });
	})
	.describe(
		"The server's folder, where a repository contains several servers: each may have one live report. Omit it if the repository contains only one server.",
	);

const revision = statedNumber(
	z
		.int()
		.min(1)
		.describe(
			"1 for the first report of a repository, or of a folder in it, then 2, 3 and so on.",
		),
);

/** The parts of the assessment that lists show; see `Assessment` for their meaning. */
const assessed = {
	risk_level: RiskLevel,
	trifecta: Trifecta.shape.combination,
	completeness: statedNumber(Assessment.shape.completeness).nullable(),
	error_count: statedNumber(Assessment.shape.error_count).nullable(),
	critical_failures: statedNumber(z.int().min(0))
		.nullable()
		.describe("Number of critical checks that the report answers with a fail"),
};

/** An example report for the documentation. */
export const summaryExample = {
	id: "550e8400-e29b-41d4-a716-446655440000",
	server_name: "mcp-servicenow",
	repository_url: "https://github.com/intility/mcp-servicenow",
	subfolder: null,
	beside_live_report: false,
	developer_email: "alex@example.com",
	status: "pending_review",
	submitted_at: "2025-10-20T10:00:00Z",
	reviewed_at: null,
	reviewed_by: null,
	revision: 1,
	approvals: 0,
	risk_level: "unknown",
	trifecta: "unknown",
	completeness: 0,
	error_count: 39,
	critical_failures: 0,
} as const;

const example = {
	...summaryExample,
	decision_count: 0,
	report_data: "# Go-Live Report\n\n## Phase 1: Security...\n\n...",
	review_notes: null,
	content_sha256:
		"d0c22b123d41642c1fe259047737ca9f3da1effc2347d35d796490f08a99e315",
	report_json: null,
} as const;

/** A developer's submission (PRD, POST /reports). */
export const NewReport = z
	.object({
		server_name: line(255, "as in mcp-servicenow").describe(
			"The MCP server's name.",
		),
		repository_url: repositoryUrl,
		subfolder: optional(subfolder),
		developer_email: optional(
			line(255, "as in alex@example.com")
				.refine(isEmailAddress, {
					message: "Must be an e-mail address, as in alex@example.com.",
				})
				.meta({ format: "email" })
				.describe(
					"The submitter's e-mail address. Where people sign in, it may be omitted and must not be somebody else's; elsewhere it is required.",
				),
		),
		report_data: document(
			MAX_REPORT_BYTES,
			(bytes) =>
				`The report takes ${bytes} bytes; at most ${MAX_REPORT_BYTES} (1 MiB of UTF-8) are allowed. Shorten the report, and link to long evidence.`,
		)
			.refine((markdown) => markdown.trim() !== "", {
				message: "Must not be empty: send the whole Markdown report.",
			})
			.describe(
				"The whole report in Markdown, up to 1 MiB of UTF-8. Stored exactly as sent.",
			),
		report_json: optional(
			jsonObject().describe(
				"The report as structured data, if the submitter has it.",
			),
		),
	})
	.meta({
		id: "NewReport",
		examples: [
			{
				server_name: example.server_name,
				repository_url: example.repository_url,
				developer_email: example.developer_email,
				report_data: example.report_data,
			},
		],
	});
export type NewReport = z.infer<typeof NewReport>;

/** A report in full (PRD, GET /reports/{id}). */
export const Report = z
	.object({
		id: statedText(id),
		server_name: z.string(),
		repository_url: z.string(),
		subfolder: z
			.string()
			.nullable()
			.describe(
				"The server's folder in the repository; null if the repository contains only one server.",
			),
		beside_live_report: z
			.boolean()
			.describe(
				"Whether this was the first report for its folder while another report of the repository was live, or one with the same path on another port of its host: check whether it is a separate server.",
			),
		developer_email: z.string(),
		report_data: z.string().describe("The Markdown, exactly as submitted."),
		status: ReportStatus,
		submitted_at: time("When it was submitted"),
		reviewed_at: time("When it was decided").nullable(),
		reviewed_by: z.string().nullable().describe("Who decided."),
		review_notes: z.string().nullable(),
		revision,
		decision_count: statedNumber(
			z
				.int()
				.min(0)
				.describe(
					"The number of decisions about it, to be sent as `decisions_seen` with the next one.",
				),
		),
		approvals: statedNumber(
			z
				.int()
				.min(0)
				.describe(
					"Approvals of the pending decision so far. A report with a critical failure or the complete lethal trifecta requires more than one.",
				),
		),
		content_sha256: statedText(
			z
				.string()
				.regex(/^[0-9a-f]{64}$/)
				.describe("SHA-256 of report_data's UTF-8 bytes, in hex."),
		),
		report_json: storedJson(),
		...assessed,
	})
	.meta({ id: "Report", examples: [example] });
export type Report = z.infer<typeof Report>;
/** The same as the database stores it. */
export type StoredReport = z.input<typeof Report>;

/** A report in a list (PRD, GET /reports): everything but the text. */
export const ReportSummary = Report.pick({
	id: true,
	server_name: true,
	repository_url: true,
	subfolder: true,
	beside_live_report: true,
	status: true,
	submitted_at: true,
	developer_email: true,
	revision: true,
	approvals: true,
	reviewed_at: true,
	reviewed_by: true,
	risk_level: true,
	trifecta: true,
	completeness: true,
	error_count: true,
	critical_failures: true,
}).meta({ id: "ReportSummary", examples: [summaryExample] });
export type ReportSummary = z.infer<typeof ReportSummary>;

/** Names one report. */
export const ReportId = z.object({ id });
