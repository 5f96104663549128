import { recordEvent } from "../audit/queries.ts";
import { originOf } from "../audit/rules.ts";
import type { ProvenIdentity } from "../identity.ts";
import {
	findLiveReport,
	findReport,
	findStandingReport,
} from "../reports/queries.ts";
import { changedMeanwhile, unknownReport } from "../reports/rules.ts";
import type { StoredReport } from "../reports/schema.ts";
import type { Context } from "../trpc.ts";
import {
	appendApproval,
	hasSubmitted,
	lockCandidate,
} from "./approval-queries.ts";
import { changeStatus, type SettledDecision } from "./queries.ts";
import {
	approvalsRequired,
	approvedAlready,
	impossibleChange,
	notesSha256,
	ownRepository,
	secondLiveReport,
	sourcesOf,
} from "./rules.ts";

/** Changes the status, or says what stands in the way. */
export async function decide(
	ctx: Context,
	decision: SettledDecision,
): Promise<StoredReport> {
	const { db } = ctx;
	const origin = originOf(ctx, decision.reviewed_by);
	const sources = sourcesOf[decision.status];
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
): Promise<StoredReport> {
	const { db: tx, settings } = context;
	const report = await lockCandidate(tx, decision.id);
	if (!report) throw unknownReport(decision.id);
	if (report.status !== "pending_review") {
		throw impossibleChange(report, "approved");
	}
	const { APPROVAL_QUORUM, PLUS_ADDRESSES } = settings;
	const key = report.repository_key;
	if (await hasSubmitted(tx, reviewer, key, PLUS_ADDRESSES)) {
		throw ownRepository();
	}
	const required = approvalsRequired(report, APPROVAL_QUORUM);
	const notes = decision.review_notes?.trim() || null;
	const approvals = await appendApproval(
		tx,
		report,
		reviewer,
		notes,
		PLUS_ADDRESSES,
	);
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
	return approved as StoredReport;
}
