import { hash } from "node:crypto";
import { TRPCError } from "@trpc/server";
import { conflict } from "../errors.ts";
import { version } from "../version.ts";
import {
	MAX_REPORT_BYTES,
	MAX_REPORT_JSON_BYTES,
	type NewReport,
	type Report,
	type ReportStatus,
} from "./schema.ts";

/** What a rule needs to know of a report that stands in the way. */
export interface StandingReport {
	id: string;
	status: ReportStatus;
	revision: number;
	reviewed_by: string | null;
	reviewed_at: string | null;
}

/** From which states a report may come into each: a decided report is reopened before it is decided anew. */
export const sourcesOf: Record<ReportStatus, readonly ReportStatus[]> = {
	pending_review: ["approved", "rejected"],
	approved: ["pending_review"],
	rejected: ["pending_review"],
};

/** What of a report may change: the rest is as it was submitted. */
export type ChangeableReport = Pick<
	Report,
	| "status"
	| "reviewed_at"
	| "risk_level"
	| "trifecta"
	| "completeness"
	| "error_count"
	| "critical_failures"
>;

/**
 * Names one state of a report, as the answer of this version of the service:
 * equal only when the answer is. Every decision has its own `reviewed_at`.
 */
export function reportVersion(report: ChangeableReport): string {
	return [
		version,
		report.status,
		report.reviewed_at,
		report.risk_level,
		report.trifecta,
		report.completeness,
		report.error_count,
		report.critical_failures,
	].join(";");
}

/** SHA-256 of the report's UTF-8 bytes, in hex: what was submitted, provably. */
export function contentSha256(markdown: string): string {
	return hash("sha256", markdown);
}

/**
 * @throws TRPCError PAYLOAD_TOO_LARGE when the Markdown or the structured data
 *   takes more than 1 MiB
 */
export function refuseTooLarge(
	report: Pick<NewReport, "report_data" | "report_json">,
): void {
	const markdown = Buffer.byteLength(report.report_data);
	if (markdown > MAX_REPORT_BYTES) {
		throw new TRPCError({
			code: "PAYLOAD_TOO_LARGE",
			message: `report_data takes ${markdown} bytes; at most ${MAX_REPORT_BYTES} (1 MiB of UTF-8) are kept. Shorten the report, and link to long evidence.`,
		});
	}
	const json = Buffer.byteLength(JSON.stringify(report.report_json ?? null));
	if (json > MAX_REPORT_JSON_BYTES) {
		throw new TRPCError({
			code: "PAYLOAD_TOO_LARGE",
			message: `report_json takes ${json} bytes; at most ${MAX_REPORT_JSON_BYTES} (1 MiB of JSON) are kept.`,
		});
	}
}

/** 409 for a submission to a repository that has a live report. */
export function duplicateReport(existing: StandingReport): TRPCError {
	const advice =
		existing.status === "pending_review"
			? "Wait for its review, or ask the platform team to reject it so that you can submit a new revision."
			: "A new revision can be submitted once the platform team has reopened and rejected it.";
	return conflict(
		`This repository already has a live report: ${existing.id} (revision ${existing.revision}) is ${existing.status}. ${advice}`,
		{ existing_report_id: existing.id },
	);
}

/** 409 for a change of status that the present one does not allow. */
export function impossibleChange(
	present: StandingReport,
	wanted: ReportStatus,
): TRPCError {
	if (present.status === "pending_review") {
		return conflict(
			`Report ${present.id} is pending_review already: nobody has decided it. Approve or reject it.`,
		);
	}
	const advice =
		present.status === wanted
			? "There is nothing to change."
			: "To decide anew, reopen it first by setting pending_review.";
	return conflict(
		`Report ${present.id} is ${present.status}: ${present.reviewed_by} decided at ${present.reviewed_at}. ${advice}`,
	);
}

/** 409 for reopening a report whose repository has a newer live one. */
export function secondLiveReport(
	id: string,
	existing: StandingReport,
): TRPCError {
	return conflict(
		`Report ${id} cannot be reopened: its repository has another live report, ${existing.id} (revision ${existing.revision}), which is ${existing.status}. Decide on that one.`,
		{ existing_report_id: existing.id },
	);
}

/** 404 for a report that does not exist. */
export function unknownReport(id: string): TRPCError {
	return new TRPCError({
		code: "NOT_FOUND",
		message: `There is no report with the id ${id}. List the reports to find the right one.`,
	});
}
