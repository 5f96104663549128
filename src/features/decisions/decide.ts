import { recordEvent } from "../../audit/queries.ts";
import { originOf } from "../../audit/rules.ts";
import { personOf } from "../../core/person-of.ts";
import type { Identity, ProvenIdentity } from "../../identity/identity.ts";
import type { Context } from "../../procedure.ts";
import { isMeant } from "../reports/if-match.ts";
import { mayRead } from "../reports/one-report.ts";
import { findLiveReport, findReport } from "../reports/queries.ts";
import { approvalsRequired, requirementOf } from "../reports/quorum.ts";
import {
	changedMeanwhile,
	reportVersion,
	unknownReport,
} from "../reports/rules.ts";
import type { StoredReport } from "../reports/schema.ts";
import {
	appendApproval,
	type Candidate,
	hasSubmitted,
	lockReport,
} from "./approval-queries.ts";
import { changeStatus, type SettledDecision } from "./queries.ts";
import {
	approvedAlready,
	decidedSince,
	decidedTooOften,
	impossibleChange,
	MAX_DECISIONS,
	notAsSeen,
	notesSha256,
	ownRepository,
	secondLiveReport,
	sourcesOf,
} from "./rules.ts";
import type { NewDecision } from "./schema.ts";

/** A request of an identified caller. */
type KnownContext = Context & { identity: Identity };

/**
 * Makes a decision, or throws what prevents it. Where people sign in, an approval may be one of
 * several that are required.
 *
 * @param seen the state of the report that the decision is about, if given
 */
export function decide(
	context: KnownContext,
	decision: SettledDecision,
	seen: Pick<NewDecision, "decisions_seen" | "if_match"> = {},
): Promise<StoredReport> {
	return context.db.transaction().execute(async (tx) => {
		const report = await lockReport(tx, decision.id);
		if (!report) throw unknownReport(decision.id);
		const { decisions_seen, if_match } = seen;
		if (if_match !== undefined && !isMeant(if_match, reportVersion(report))) {
			throw notAsSeen(report);
		}
		if (
			decisions_seen !== undefined &&
			decisions_seen !== report.decision_count
		) {
			throw decidedSince(report);
		}
		const inside = { ...context, db: tx };
		const person = personOf(context.identity);
		return person && decision.status === "approved"
			? approve(inside, report, person, decision)
			: settle(inside, report, decision);
	});
}

/**
 * Records a reviewer's approval; the last one required approves the report.
 *
 * @param context its `db` is a transaction; nothing else may follow in it, see `recordEvent`
 */
export async function approve(
	context: KnownContext,
	report: Candidate,
	reviewer: ProvenIdentity,
	decision: SettledDecision,
): Promise<StoredReport> {
	const { db: tx, settings } = context;
	if (report.status !== "pending_review") {
		throw impossibleChange(report, "approved");
	}
	const { PLUS_ADDRESSES } = settings;
	const key = report.canonical_key;
	if (await hasSubmitted(tx, reviewer, key, PLUS_ADDRESSES)) {
		throw ownRepository();
	}
	const { required } = requirementOf(report, settings);
	const notes = decision.review_notes?.trim() || null;
	const approvals = await appendApproval(tx, report, reviewer, notes, {
		required,
		plusAddresses: PLUS_ADDRESSES,
	});
	if (approvals === undefined) throw approvedAlready(required);
	if (approvals >= required) return settle(context, report, decision);
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

/** Changes the status, or throws what prevents it. */
async function settle(
	context: KnownContext,
	report: Candidate,
	decision: SettledDecision,
): Promise<StoredReport> {
	const { db: tx, identity, settings } = context;
	const sources = sourcesOf[decision.status];
	if (!sources.includes(report.status)) {
		throw impossibleChange(report, decision.status);
	}
	if (
		decision.status === "pending_review" &&
		report.decision_count >= MAX_DECISIONS
	) {
		throw decidedTooOften(report.id);
	}
	const live = await findLiveReport(tx, report);
	if (live && live.id !== report.id) {
		const isReadable = await mayRead(tx, identity, live.id);
		throw secondLiveReport(report.id, isReadable ? live : undefined);
	}
	const changed = await changeStatus(
		tx,
		decision,
		sources,
		originOf(context, decision.reviewed_by),
		personOf(identity) ? approvalsRequired(report, settings) : null,
	);
	// Another report of the repository has just become live.
	if (!changed) throw changedMeanwhile();
	return changed;
}
