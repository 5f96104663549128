import { domainToASCII } from "node:url";
import { z } from "zod";
import { Assessment, RiskLevel, Trifecta } from "../checklist/schema.ts";
import { hiddenCharacter } from "../hidden-characters.ts";
import { repositoryKey } from "./repository.ts";

/** The three states of a report (PRD, FR-002). */
export const ReportStatus = z
	.enum(["pending_review", "approved", "rejected"])
	.meta({ id: "ReportStatus", description: "Where a report stands." });
export type ReportStatus = z.infer<typeof ReportStatus>;

/** The most a report's Markdown may take, in bytes of UTF-8. */
export const MAX_REPORT_BYTES = 1024 * 1024;

/** The most `report_json` may take, in bytes of JSON. */
export const MAX_REPORT_JSON_BYTES = 1024 * 1024;

const id = z
	.guid("Must be a UUID, as in 550e8400-e29b-41d4-a716-446655440000.")
	.describe("The report's id, a UUID.");

const repositoryUrl = line(500, "as in https://github.com/owner/name")
	.refine((url) => repositoryKey(url) !== undefined, {
		message:
			"Must be the https, http, ssh or git@host:path URL of a repository, without a password or token, as in https://github.com/owner/name.",
	})
	.describe("The repository: an https, http, ssh or git@host:path URL.");

const revision = statedNumber(
	z
		.int()
		.min(1)
		.describe("1 for a repository's first report, then 2, 3 and so on."),
);

const time = (what: string) =>
	statedText(z.iso.datetime().describe(`${what}, ISO 8601 in UTC.`));

/** What lists show of the assessment; see `Assessment` for what each means. */
const assessed = {
	risk_level: RiskLevel,
	trifecta: Trifecta.shape.combination,
	completeness: statedNumber(Assessment.shape.completeness).nullable(),
	error_count: statedNumber(Assessment.shape.error_count).nullable(),
	critical_failures: statedNumber(z.int().min(0))
		.nullable()
		.describe("Number of critical checks that the report answers with a fail"),
};

const summaryExample = {
	id: "550e8400-e29b-41d4-a716-446655440000",
	server_name: "mcp-servicenow",
	repository_url: "https://github.com/intility/mcp-servicenow",
	developer_email: "alex@example.com",
	status: "pending_review",
	submitted_at: "2025-10-20T10:00:00Z",
	reviewed_at: null,
	reviewed_by: null,
	revision: 1,
	risk_level: "unknown",
	trifecta: "unknown",
	completeness: 0,
	error_count: 31,
	critical_failures: 0,
} as const;

const example = {
	...summaryExample,
	report_data: "# Go-Live Report\n\n## Phase 1: Security...\n\n...",
	review_notes: null,
	content_sha256:
		"d0c22b123d41642c1fe259047737ca9f3da1effc2347d35d796490f08a99e315",
	report_json: null,
} as const;

/** What a developer submits (PRD, POST /reports). */
export const NewReport = z
	.object({
		server_name: line(255, "as in mcp-servicenow").describe(
			"The MCP server's name.",
		),
		repository_url: repositoryUrl,
		developer_email: line(255, "as in alex@example.com")
			.refine(isEmailAddress, {
				message: "Must be an e-mail address, as in alex@example.com.",
			})
			.meta({ format: "email" })
			.describe("The e-mail address of who submits."),
		report_data: text()
			.refine((markdown) => markdown.trim() !== "", {
				message: "Must not be empty: send the whole Markdown report.",
			})
			.describe(
				"The whole report in Markdown, up to 1 MiB of UTF-8. Stored exactly as sent.",
			),
		report_json: jsonObject()
			.optional()
			.describe("The report as structured data, if the submitter has it."),
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
		developer_email: z.string(),
		report_data: z.string().describe("The Markdown, exactly as submitted."),
		status: ReportStatus,
		submitted_at: time("When it was submitted"),
		reviewed_at: time("When it was decided").nullable(),
		reviewed_by: z.string().nullable().describe("Who decided."),
		review_notes: z.string().nullable(),
		revision,
		content_sha256: statedText(
			z
				.string()
				.regex(/^[0-9a-f]{64}$/)
				.describe("SHA-256 of report_data's UTF-8 bytes, in hex."),
		),
		report_json: z.record(z.string(), z.unknown()).nullable(),
		...assessed,
	})
	.meta({ id: "Report", examples: [example] });
export type Report = z.infer<typeof Report>;

/** A report in a list (PRD, GET /reports): everything but the text. */
export const ReportSummary = Report.pick({
	id: true,
	server_name: true,
	repository_url: true,
	status: true,
	submitted_at: true,
	developer_email: true,
	revision: true,
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

/** What a reviewer decides (PRD, PATCH /reports/{id}/status). */
export const NewDecision = z
	.object({
		id,
		status: z
			.enum(
				ReportStatus.options,
				"Must be approved, rejected, or pending_review to reopen.",
			)
			.describe(
				"approved or rejected for a pending report; pending_review reopens a decided one.",
			),
		reviewed_by: line(255, "as in platform@example.com").describe(
			"Who decides.",
		),
		review_notes: text()
			.max(10_000, "Must be at most 10,000 characters.")
			.describe("Why, for the developer to read.")
			.nullish(),
	})
	.meta({
		id: "NewDecision",
		examples: [
			{
				status: "approved",
				reviewed_by: "platform@example.com",
				review_notes: "All checks passed. Approved for production.",
			},
		],
	});
export type NewDecision = z.infer<typeof NewDecision>;

/** One change of a report's status, as it is kept for ever. */
export const Decision = z
	.object({
		report_id: id,
		from_status: ReportStatus,
		to_status: ReportStatus,
		decided_by: z.string(),
		notes: z.string().nullable(),
		decided_at: time("When"),
	})
	.meta({
		id: "Decision",
		examples: [
			{
				report_id: example.id,
				from_status: "pending_review",
				to_status: "approved",
				decided_by: "platform@example.com",
				notes: "All checks passed. Approved for production.",
				decided_at: "2025-10-20T12:30:00Z",
			},
		],
	});
export type Decision = z.infer<typeof Decision>;

/** One revision of a repository's report, with what was decided about it. */
export const Revision = ReportSummary.extend({
	decisions: z.array(Decision).describe("Oldest first."),
}).meta({
	id: "Revision",
	examples: [{ ...summaryExample, decisions: [] }],
});
export type Revision = z.infer<typeof Revision>;

/**
 * A text of an answer whose form the database's own type or constraint
 * guarantees: documented as the given schema says, and held to it by the tests
 * of the contract, not again in every answer.
 */
function statedText(schema: z.ZodType<string>): z.ZodString {
	return z.string().meta(documentation(schema));
}

/** A number of an answer, likewise. */
function statedNumber(schema: z.ZodType<number>): z.ZodNumber {
	return z.number().meta(documentation(schema));
}

function documentation(schema: z.ZodType): z.GlobalMeta {
	const { $schema, ...documented } = z.toJSONSchema(schema);
	return documented as z.GlobalMeta;
}

/** Text that PostgreSQL can keep: no NUL, no half of a surrogate pair. */
export function text() {
	return z
		.string({
			error: ({ input }) =>
				input === undefined ? "Is required." : "Must be a string.",
		})
		.refine(isStorable, {
			message: "Must not contain NUL or lone surrogate characters.",
			abort: true,
		});
}

/** A short text: trimmed, not empty, up to `max` characters. */
function line(max: number, hint: string) {
	return text()
		.trim()
		.refine(
			(value) => value.search(hiddenCharacter) < 0 && !/[\r\n]/.test(value),
			{
				message: "Must be one line without hidden characters.",
				abort: true,
			},
		)
		.min(1, { error: `Must not be empty, ${hint}.`, abort: true })
		.max(max, `Must be at most ${max} characters.`);
}

/** Letters of every language are allowed, before the @ (RFC 6531) and after it (IDN). */
function isEmailAddress(address: string): boolean {
	const [local = "", domain = "", ...rest] = address.split("@");
	const plain = `${local.replace(/[\p{L}\p{M}]/gu, "x")}@${domainToASCII(domain)}`;
	return rest.length === 0 && z.regexes.email.test(plain);
}

const MAX_JSON_DEPTH = 100;

function jsonObject() {
	return z
		.record(z.string(), z.unknown(), "Must be a JSON object.")
		.superRefine((object, context) => {
			const problem = findJsonProblem(object);
			if (problem) context.addIssue({ code: "custom", message: problem });
		});
}

function findJsonProblem(root: unknown): string | undefined {
	const open: [value: unknown, depth: number][] = [[root, 1]];
	for (let next = open.pop(); next; next = open.pop()) {
		const [value, depth] = next;
		if (depth > MAX_JSON_DEPTH) {
			return `Must not be nested deeper than ${MAX_JSON_DEPTH} levels.`;
		}
		if (typeof value === "string" && !isStorable(value)) {
			return "Must not contain NUL or lone surrogate characters.";
		}
		if (typeof value === "number" && !isKept(value)) {
			return "Must not contain numbers that JSON cannot keep exactly; write very large ones as strings.";
		}
		if (typeof value === "object" && value !== null) {
			for (const [key, child] of Object.entries(value)) {
				open.push([key, depth], [child, depth + 1]);
			}
		}
	}
}

/** Whole numbers beyond 2^53 have lost digits already, and 1e400 is infinite. */
function isKept(value: number): boolean {
	return Number.isInteger(value)
		? Number.isSafeInteger(value)
		: Number.isFinite(value);
}

function isStorable(value: string): boolean {
	return !value.includes("\0") && value.isWellFormed();
}
