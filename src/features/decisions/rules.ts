import { hash } from "node:crypto";
import {
	isSameMailbox,
	type PlusAddresses,
} from "../../core/canonical-address.ts";
import { conflict, Refusal } from "../../core/errors.ts";
import type { Identity } from "../../identity/identity.ts";
import type { AuditAction } from "../audit/schema.ts";
import type { StandingReport } from "../reports/rules.ts";
import type { ReportStatus } from "../reports/schema.ts";
import type { Approval, Decision } from "./schema.ts";

/**
 * From which statuses a report may change to each: a decided report is reopened before it is
 * decided again.
 */
export const sourcesOf: Record<ReportStatus, readonly ReportStatus[]> = {
	pending_review: ["approved", "rejected"],
	approved: ["pending_review"],
	rejected: ["pending_review"],
};

/** Returns the 409 for a change that the current status does not allow. */
export function impossibleChange(
	present: StandingReport,
	wanted: ReportStatus,
): Refusal {
	if (present.status === "pending_review") {
		return conflict(
			`Report ${present.id} is already pending_review: nobody has decided it. Approve or reject it.`,
		);
	}
	const advice =
		present.status === wanted
			? "There is nothing to change."
			: "To decide again, reopen it first by setting pending_review.";
	return conflict(
		`Report ${present.id} is ${present.status}: ${present.reviewed_by} decided at ${present.reviewed_at}. ${advice}`,
		{},
		`The report is ${present.status}. ${advice}`,
	);
}

/**
 * Returns the 412 for a report that is not in a state named by the caller's `If-Match` (RFC 9110,
 * section 13.1.1).
 */
export function notAsSeen({ id, status }: StandingReport): Refusal {
	return new Refusal(
		"PRECONDITION_FAILED",
		`Nothing was done: report ${id}, which is ${status}, has changed since the answer whose ETag If-Match names. Read it again, and decide about its current state.`,
	);
}

/** Returns the 409 for a decision made since the caller last read the report. */
export function decidedSince({ id, status }: StandingReport): Refusal {
	return conflict(
		`Nothing was done: report ${id}, which is ${status}, has been decided since decisions_seen. Read its decisions, and decide about its current state.`,
	);
}

/**
 * Returns the 409 for reopening a report whose repository has a newer live one.
 *
 * @param existing the newer report; absent if the caller may not read it
 */
export function secondLiveReport(
	id: string,
	existing: StandingReport | undefined,
): Refusal {
	if (!existing) {
		return conflict(
			`Report ${id} cannot be reopened: its repository has another live report. Decide on that one.`,
		);
	}
	return conflict(
		`Report ${id} cannot be reopened: its repository has another live report, ${existing.id} (revision ${existing.revision}), which is ${existing.status}. Decide on that one.`,
		{ existing_report_id: existing.id },
	);
}

/**
 * Maximum number of decisions about one report; it is not reopened after that. Its history is shown
 * as a whole, so it must be limited.
 */
export const MAX_DECISIONS = 100;

/** Returns the 409 for reopening a report that has reached the maximum number of decisions. */
export function decidedTooOften(id: string): Refusal {
	return conflict(
		`Report ${id} was decided and reopened ${MAX_DECISIONS} times, and cannot be reopened again. Submit a new revision if it is rejected; an approved one stays approved.`,
	);
}

/** The audit log's action for a change to each status. */
export const actionOf = {
	approved: "report_approved",
	rejected: "report_rejected",
	pending_review: "report_reopened",
} as const satisfies Record<ReportStatus, AuditAction>;

/**
 * Returns what the audit log stores of a decision's notes: enough to prove that those in
 * `report_decisions` are unchanged, without a second copy.
 */
export function notesSha256(notes: string | null): string | null {
	return notes === null ? null : hash("sha256", notes);
}

/** The notes of a withdrawn report's rejection. */
export const WITHDRAWN = "withdrawn by submitter";

/**
 * Returns the approvals that a decision ended, without the deciding one, which says the same as the
 * decision.
 */
export function approvalsBefore({
	approvals,
	decided_at,
}: Pick<Decision, "approvals" | "decided_at">): Approval[] {
	// Both are written in one transaction, so they have the same time.
	return approvals.filter(({ approved_at }) => approved_at !== decided_at);
}

/** Lists everybody behind a decision: for an approval all who approved, the deciding one last. */
export function decidersOf(decision: Decision): string[] {
	const before =
		decision.to_status === "approved" ? approvalsBefore(decision) : [];
	return [...before.map(({ approved_by }) => approved_by), decision.decided_by];
}

/**
 * Returns whether an approval must wait until the person confirms it in the browser: a request over
 * MCP, or with any token, may come from an unattended model. The operator may exempt clients that
 * are known to be attended.
 */
export function needsConfirmation(
	{ identity, facade }: { identity: Identity; facade: string },
	status: ReportStatus,
): boolean {
	if (identity.method === "none" || status !== "approved") return false;
	if (facade === "mcp") return true;
	return identity.method !== "session" && identity.isApprovingClient !== true;
}

/**
 * Returns the 403 for an approval that only a person can give. The link is a member beside the
 * message, since the messages of refusals are recorded.
 */
export function confirmationNeeded(url: string): Refusal {
	const detail =
		"Nothing was approved: a token cannot approve by itself. Open confirmation_url in a browser within 15 minutes, sign in as the same person, and confirm the approval there.";
	return new Refusal("FORBIDDEN", detail, {
		members: { confirmation_url: url },
		isRecorded: true,
	});
}

/** A person as reports and approvals store them. */
export interface Somebody {
	/** `null` where the identity was not proven. */
	subject: string | null;
	/** The e-mail address at the time, in canonical form; `null` where it has none. */
	address: string | null;
}

/**
 * Returns whether two are the same pair of eyes: one subject, or one address. A recreated account,
 * or one at another issuer, is not a second person.
 */
export function isSamePerson(
	one: Somebody,
	other: Somebody,
	plusAddresses: PlusAddresses,
): boolean {
	return (
		(one.subject !== null && one.subject === other.subject) ||
		isSameMailbox(one.address, other.address, plusAddresses)
	);
}

/** Counts the distinct people. */
export function countPeople(
	people: readonly Somebody[],
	plusAddresses: PlusAddresses,
): number {
	return people.filter(
		(one, index) =>
			!people
				.slice(0, index)
				.some((earlier) => isSamePerson(one, earlier, plusAddresses)),
	).length;
}

/**
 * Returns the 403 for approving a report of a repository for which the reviewer has submitted one.
 */
export function ownRepository(): Refusal {
	return new Refusal(
		"FORBIDDEN",
		"You submitted a report for this repository, so somebody else must approve it. Ask another reviewer.",
		// A minor refusal by the same procedure must not hide it in the audit log.
		{ reason: "four eyes" },
	);
}

/** Returns the 409 for a second approval by the same reviewer. */
export function approvedAlready(required: number): Refusal {
	return conflict(
		`You have already approved this report. It requires ${required} reviewers: ask another one.`,
	);
}

/** Returns the 403 for withdrawing somebody else's report. */
export function foreignReport(submitter: string): Refusal {
	const message = `Only the person who submitted a report can withdraw it: ${submitter}. A reviewer can reject it.`;
	return new Refusal("FORBIDDEN", message, {
		recorded: "Only who submitted a report can withdraw it.",
	});
}

/** Returns the 409 for withdrawing a decided report. */
export function decidedAlready(present: StandingReport): Refusal {
	return conflict(
		`Report ${present.id} is ${present.status}: only a pending report can be withdrawn. ${present.reviewed_by} decided at ${present.reviewed_at}.`,
		{},
		`The report is ${present.status}: only a pending report can be withdrawn.`,
	);
}
