import { recordEvent } from "../audit/queries.ts";
import { originOf } from "../audit/rules.ts";
import type { ProvenIdentity } from "../identity.ts";
import {
	findLiveReport,
	findReport,
	findStandingReport,
} from "../reports/queries.ts";
import { changedMeanwhile, unknownReport } from "../reports/rules.ts";
import type { Report } from "../reports/schema.ts";
import type { Context } from "../trpc.ts";
import {
	appendApproval,
	hasSubmitted,
	lockCandidate,
	roundOf,
} from "./approval-queries.ts";
import { changeStatus, type SettledDecision } from "./queries.ts";
import {
	approvalsRequired,
	approvedAlready,
	decidedTooOften,
	impossibleChange,
	MAX_DECISIONS,
	notesSha256,
	ownRepository,
	secondLiveReport,
	sourcesOf,
} from "./rules.ts";

/** Changes the status, or says what stands in the way. */
export async function decide(
	ctx: Context,
	decision: SettledDecision,
): Promise<Report> {
	const { db } = ctx;
	const origin = originOf(ctx, decision.reviewed_by);
	const sources = sourcesOf[decision.status];
	if (decision.status === "pending_review") {
		const { round } = await roundOf(db, decision.id).executeTakeFirstOrThrow();
		if (round >= MAX_DECISIONS) throw decidedTooOften(decision.id);
	}
	const changed = await changeStatus(db, decision, sources, origin);
	if (changed) return changed;
	const present = await findStandingReport(db, decision.id);
	if (!present) throw unknownReport(decision.id);
	if (!sources.includes(present.status)) {
		throw impossibleChange(present, decision.status);
	}
	const live = await findLiveReport(db, present.repository_key);
	if (live) throw secondLiveReport(decision.id, live);
	throw changedMeanwhile();
}

/**
 * Records a reviewer's approval; with the last one that it takes, the report is approved.
 *
 * @param context its `db` is a transaction, at whose end the approval counts;
 *   nothing else follows in it, see `recordEvent`
 */
export async function approve(
	context: Context,
	reviewer: ProvenIdentity,
	decision: SettledDecision,
): Promise<Report> {
	const { db: tx, settings } = context;
	const report = await lockCandidate(tx, decision.id);
	if (!report) throw unknownReport(decision.id);
	if (report.status !== "pending_review") {
		throw impossibleChange(report, "approved");
	}
	if (await hasSubmitted(tx, reviewer, report.repository_key)) {
		throw ownRepository();
	}
	const required = approvalsRequired(report, settings.APPROVAL_QUORUM);
	const notes = decision.review_notes?.trim() || null;
	const approvals = await appendApproval(tx, report, reviewer, notes);
	if (approvals === undefined) throw approvedAlready(required);
	if (approvals >= required) return decide(context, decision);
	const approved = await findReport(tx, decision.id);
	const notesHash = notesSha256(notes);
	await recordEvent(tx, originOf(context), {
		action: "approval_recorded",
		report_id: decision.id,
		before: { approvals: String(approvals - 1) },
		after: {
			approvals: String(approvals),
			required: String(required),
			...(notesHash && { notes_sha256: notesHash }),
		},
	});
	return approved as Report;
}
