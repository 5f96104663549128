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
): Refusal {
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
		{},
		`The report is ${present.status}. ${advice}`,
	);
}

/**
 * 412: the report is not in a state that the caller's `If-Match` names (RFC
 * 9110, section 13.1.1).
 */
export function notAsSeen({ id, status }: StandingReport): Refusal {
	return new Refusal(
		"PRECONDITION_FAILED",
		`Nothing was done: report ${id}, which is ${status}, is not as it was in the answer whose ETag If-Match names. Read it again, and decide about what it is now.`,
	);
}

/** 409: somebody decided since the caller looked. */
export function decidedSince({ id, status }: StandingReport): Refusal {
	return conflict(
		`Nothing was done: report ${id}, which is ${status}, has been decided since decisions_seen. Read its decisions, and decide about what it is now.`,
	);
}

/**
 * 409 for reopening a report whose repository has a newer live one.
 *
 * @param existing that one; absent for who may not read it
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
 * Decisions about one report after which it is not reopened: its history is
 * shown as a whole, so it must have an end.
 */
export const MAX_DECISIONS = 100;

/** 409 for reopening a report once more than anybody reads. */
export function decidedTooOften(id: string): Refusal {
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
 * asks for it over MCP, or with any token, may be a model that nobody watches.
 * The operator may name clients of which that is known not to be so.
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
 * 403: an approval that only a person can give. The link stands beside the
 * sentence, since what refusals say is written down.
 */
export function confirmationNeeded(url: string): Refusal {
	const detail =
		"Nothing was approved: a token approves nothing by itself. Whoever asked opens confirmation_url in a browser within 15 minutes, signs in as the same person, and confirms it.";
	return new Refusal("FORBIDDEN", detail, {
		members: { confirmation_url: url },
		isRecorded: true,
	});
}

/** Somebody as reports and approvals keep them. */
export interface Somebody {
	/** `null` where nobody proved who it was. */
	subject: string | null;
	/** The e-mail address at the time, in canonical form; `null` where it has none. */
	address: string | null;
}

/**
 * Whether two are one pair of eyes: one subject, or one address. An account that
 * was made anew, or of another issuer, is no second person.
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

/** How many different people these are. */
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

/** 403: who submitted a report of a repository does not approve one of it. */
export function ownRepository(): Refusal {
	return new Refusal(
		"FORBIDDEN",
		"You submitted a report for this repository, so somebody else must approve it. Ask another reviewer.",
		// A slip of the same procedure must not hide it in the audit log.
		{ reason: "four eyes" },
	);
}

/** 409 for a second approval by the same reviewer. */
export function approvedAlready(required: number): Refusal {
	return conflict(
		`You have approved this report already. It takes ${required} reviewers: ask another one.`,
	);
}

/** 403: a report is withdrawn by who submitted it. */
export function foreignReport(submitter: string): Refusal {
	const message = `Only who submitted a report can withdraw it: ${submitter}. A reviewer can reject it.`;
	return new Refusal("FORBIDDEN", message, {
		recorded: "Only who submitted a report can withdraw it.",
	});
}

/** 409 for withdrawing a report that was decided. */
export function decidedAlready(present: StandingReport): Refusal {
	return conflict(
		`Report ${present.id} is ${present.status}: only a pending report can be withdrawn. ${present.reviewed_by} decided at ${present.reviewed_at}.`,
		{},
		`The report is ${present.status}: only a pending report can be withdrawn.`,
	);
}
