import { hash } from "node:crypto";
import { TRPCError } from "@trpc/server";
import type { AuditAction } from "../audit/schema.ts";
import { conflict } from "../errors.ts";
import type { Identity } from "../identity.ts";
import type { StandingReport } from "../reports/rules.ts";
import type { Report, ReportStatus } from "../reports/schema.ts";
import type { Approval, Decision } from "./schema.ts";

/** From which states a report may come into each: a decided report is reopened before it is decided anew. */
export const sourcesOf: Record<ReportStatus, readonly ReportStatus[]> = {
	pending_review: ["approved", "rejected"],
	approved: ["pending_review"],
	rejected: ["pending_review"],
};

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

/**
 * Decisions about one report after which it is not reopened: its history is
 * shown as a whole, so it must have an end.
 */
export const MAX_DECISIONS = 100;

/** 409 for reopening a report once more than anybody reads. */
export function decidedTooOften(id: string): TRPCError {
	return conflict(
		`Report ${id} was decided and reopened ${MAX_DECISIONS} times, and is reopened no more. Submit a new revision when it is rejected; an approved one stays as it is.`,
	);
}

/** What the audit log calls a change to each state. */
export const actionOf = {
	approved: "report_approved",
	rejected: "report_rejected",
	pending_review: "report_reopened",
} as const satisfies Record<ReportStatus, AuditAction>;

/**
 * What the audit log keeps of a decision's notes: enough to prove that those in
 * `report_decisions` are as they were written, without a second copy.
 */
export function notesSha256(notes: string | null): string | null {
	return notes === null ? null : hash("sha256", notes);
}

/** Why a withdrawn report is rejected. */
export const WITHDRAWN = "withdrawn by submitter";

/**
 * How many distinct reviewers must approve a report.
 *
 * @param quorum for a report with a critical failure or the whole lethal trifecta
 */
export function approvalsRequired(
	report: Pick<Report, "critical_failures" | "trifecta">,
	quorum: number,
): number {
	const isGrave =
		(report.critical_failures ?? 0) > 0 || report.trifecta === "complete";
	return isGrave ? quorum : 1;
}

/**
 * The approvals that a decision ended, without the one that decided, which says
 * the same as the decision.
 */
export function approvalsBefore({
	approvals,
	decided_at,
}: Pick<Decision, "approvals" | "decided_at">): Approval[] {
	// Both are kept in one transaction, so at one time.
	return approvals.filter(({ approved_at }) => approved_at !== decided_at);
}

/** Everybody whose yes or no a decision is: of an approval all who approved, the deciding one last. */
export function decidersOf(decision: Decision): string[] {
	const before =
		decision.to_status === "approved" ? approvalsBefore(decision) : [];
	return [...before.map(({ approved_by }) => approved_by), decision.decided_by];
}

/**
 * Whether an approval waits until the person confirms it in the browser: what
 * asks for it over MCP, or with an access token that was made for programs, may
 * be a model that nobody watches.
 */
export function needsConfirmation(
	{ identity, facade }: { identity: Identity; facade: string },
	status: ReportStatus,
): boolean {
	if (identity.method === "none" || status !== "approved") return false;
	return facade === "mcp" || identity.method === "access_token";
}

/** 403: an approval that only a person can give. */
export function confirmationNeeded(
	facade: string,
	reportPage: string,
): TRPCError {
	return new TRPCError({
		code: "FORBIDDEN",
		message:
			facade === "mcp"
				? "Nothing was approved: over MCP, an approval takes the confirmation of the person in the browser. Call review_report for the link."
				: `Nothing was approved: an access token approves nothing by itself. Approve on ${reportPage}, or with a token of the identity provider.`,
	});
}

/** 403: who submitted a report of a repository does not approve one of it. */
export function ownRepository(): TRPCError {
	return new TRPCError({
		code: "FORBIDDEN",
		message:
			"You submitted a report for this repository, so somebody else must approve it. Ask another reviewer.",
	});
}

/** 409 for a second approval by the same reviewer. */
export function approvedAlready(required: number): TRPCError {
	return conflict(
		`You have approved this report already. It takes ${required} reviewers: ask another one.`,
	);
}

/** 403: a report is withdrawn by who submitted it. */
export function foreignReport(submitter: string): TRPCError {
	return new TRPCError({
		code: "FORBIDDEN",
		message: `Only who submitted a report can withdraw it: ${submitter}. A reviewer can reject it.`,
	});
}

/** 409 for withdrawing a report that was decided. */
export function decidedAlready(present: StandingReport): TRPCError {
	return conflict(
		`Report ${present.id} is ${present.status}: only a pending report can be withdrawn. ${present.reviewed_by} decided at ${present.reviewed_at}.`,
	);
}
