import { hash } from "node:crypto";
import type { Assessment } from "../../checklist/assessment-schema.ts";
import {
	conflict,
	invalidField,
	issuesError,
	Refusal,
} from "../../core/errors.ts";
import { textOfJson } from "../../core/json-text.ts";
import { version } from "../../core/version.ts";
import {
	MAX_REPORT_JSON_BYTES,
	type NewReport,
	type Report,
	type ReportStatus,
} from "./schema.ts";

/** The facts that rules need about an existing report. */
export interface StandingReport {
	id: string;
	status: ReportStatus;
	revision: number;
	reviewed_by: string | null;
	reviewed_at: string | null;
}

/** Identifies a server: its repository, and its folder there, empty for none. */
export interface ServerKey {
	canonical_key: string;
	subfolder_key: string;
}

/** The parts of a report that may change after submission. */
export type ChangeableReport = Pick<
	Report,
	| "status"
	| "reviewed_at"
	| "decision_count"
	| "approvals"
	| "risk_level"
	| "trifecta"
	| "completeness"
	| "error_count"
	| "critical_failures"
>;

/**
 * Returns the name of one state of a report, as this version of the service shows it: two are equal
 * only if the answers are, with no decision in between.
 */
export function reportVersion(report: ChangeableReport): string {
	return [
		version,
		report.status,
		report.reviewed_at,
		report.decision_count,
		report.approvals,
		report.risk_level,
		report.trifecta,
		report.completeness,
		report.error_count,
		report.critical_failures,
	].join(";");
}

/** Returns the SHA-256 of the report's UTF-8 bytes, in hex: it proves what was submitted. */
export function contentSha256(markdown: string): string {
	return hash("sha256", markdown);
}

/**
 * Returns the 400 for an address that names no repository once an alias is replaced by its forge.
 */
export function refusedRepository(message: string): Refusal {
	return invalidField("repository_url", message);
}

/**
 * @throws TRPCError PAYLOAD_TOO_LARGE when the structured data takes more than 1 MiB
 */
export function refuseTooLarge({
	report_json,
}: Pick<NewReport, "report_json">): void {
	if (!report_json) return;
	const json = Buffer.byteLength(textOfJson(report_json));
	if (json > MAX_REPORT_JSON_BYTES) {
		throw new Refusal(
			"PAYLOAD_TOO_LARGE",
			`report_json takes ${json} bytes; at most ${MAX_REPORT_JSON_BYTES} (1 MiB of JSON) are allowed.`,
		);
	}
}

/** How to submit a repository's second server. */
const SECOND_SERVER =
	"If yours is another server in the same repository, send its folder as subfolder, as in packages/mcp-jira.";

/**
 * Returns the 409 for a submission to a repository that has a live report.
 *
 * @param existing the live report; absent if the caller may not read it, and learns only that the
 * repository is taken
 */
export function duplicateReport(existing: StandingReport | undefined): Refusal {
	if (!existing) {
		return conflict(
			`This repository already has a live report, which somebody else submitted. Ask your colleagues or the platform team: once it is rejected or withdrawn, a new revision can be submitted. ${SECOND_SERVER}`,
		);
	}
	const advice =
		existing.status === "pending_review"
			? "Wait for its review; or withdraw it, if it is yours, and submit a new revision."
			: "A new revision can be submitted once the platform team has reopened and rejected it.";
	return conflict(
		`This repository already has a live report: ${existing.id} (revision ${existing.revision}) is ${existing.status}. ${advice} ${SECOND_SERVER}`,
		{ existing_report_id: existing.id },
	);
}

/**
 * Returns the 404 for a report that does not exist, or that the caller may not know about: the
 * message is the same for both.
 *
 * @param options `isLimited`: the caller may read only their own reports; `isDisguised`: the report
 * exists, which only the audit log shows
 */
export function unknownReport(
	id: string,
	{ isLimited = false, isDisguised = false } = {},
): Refusal {
	const message = isLimited
		? `There is no report of yours with the id ${id}. List your reports to find the right one; reading others requires the role reviewer or auditor.`
		: `There is no report with the id ${id}. List the reports to find the right one.`;
	return new Refusal("NOT_FOUND", message, {
		recorded: "There is no report that they may read.",
		...(isDisguised && { isDisguised }),
	});
}

/** Returns the 409 for a race that was lost twice. */
export function changedMeanwhile(): Refusal {
	return conflict(
		"The repository's reports have just changed. List them, and try again.",
	);
}

/** Returns the 422 with every error, for a service that accepts only complete reports. */
export function incompleteReport(
	assessment: Pick<Assessment, "findings" | "error_count">,
): Refusal {
	const issues = assessment.findings
		.filter(({ severity }) => severity === "error")
		.map(({ rule, message, line }) => ({
			path: "report_data",
			message: `${rule}: ${message}${line === null ? "" : ` (line ${line})`}`,
		}));
	const count = assessment.error_count;
	return issuesError(
		`This service accepts only complete reports, and the assessment finds ${count === 1 ? "1 error" : `${count} errors`} in this one. ${issues.map(({ message }) => message).join(" ")}`,
		issues,
	);
}
