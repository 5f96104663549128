import { z } from "zod";
import { recordEvent } from "../audit/queries.ts";
import { originOf } from "../audit/rules.ts";
import { actingAs, type ProvenIdentity } from "../identity.ts";
import { limitTo, reportProcedure } from "../reports/one-report.ts";
import {
	findChangeable,
	findLiveReport,
	findReport,
	findStandingReport,
	isOwn,
} from "../reports/queries.ts";
import { changedMeanwhile, unknownReport } from "../reports/rules.ts";
import { Report } from "../reports/schema.ts";
import { type Context, procedure, router } from "../trpc.ts";
import {
	appendApproval,
	changeStatus,
	hasApproved,
	hasSubmitted,
	listApprovals,
	listDecisions,
	listRevisions,
	lockCandidate,
	type SettledDecision,
} from "./queries.ts";
import {
	actionOf,
	approvalsRequired,
	approvedAlready,
	confirmationNeeded,
	decidedAlready,
	foreignReport,
	impossibleChange,
	needsConfirmation,
	notesSha256,
	ownRepository,
	secondLiveReport,
	sourcesOf,
	WITHDRAWN,
} from "./rules.ts";
import {
	Approvals,
	Decision,
	Involvement,
	NewDecision,
	Revision,
	Withdrawal,
} from "./schema.ts";

const tags = ["Reports"];
const badId = { 400: "The id is not a UUID." };

/** What is decided about reports, by whom, and what was before; a part of `reports`. */
export const decisionsRouter = router({
	setStatus: procedure
		.meta({
			access: "reports:decide",
			openapi: {
				method: "PATCH",
				path: "/api/v1/reports/{id}/status",
				operationId: "setReportStatus",
				tags,
				summary: "Approve, reject or reopen a report",
				description:
					"A pending report is approved or rejected; a decided one is reopened by setting `pending_review`, which clears its review fields. Every change is kept as a decision. Where people sign in, nobody approves a report for a repository that they submitted one for, and a report with a critical failure or the whole lethal trifecta stays `pending_review` until enough reviewers have approved it (`approvals`).",
			},
			rest: {
				success: 200,
				errors: {
					400: "The decision is not valid; `issues` names every problem.",
					403: "`reviewed_by` is somebody else's, the reviewer submitted a report for this repository, or an access token was to approve, which takes a person.",
					404: "There is no such report.",
					409: "The report's present state does not allow this change.",
				},
			},
		})
		.input(NewDecision)
		.output(Report)
		.mutation(({ ctx, input }) => {
			const reviewed_by = actingAs(
				ctx.identity,
				"reviewed_by",
				input.reviewed_by,
			);
			const { identity } = ctx;
			const decision = {
				...input,
				reviewed_by,
				action: actionOf[input.status],
			};
			if (identity.method === "none") return decide(ctx, decision);
			if (needsConfirmation(ctx, input.status)) {
				const page = `${ctx.settings.PUBLIC_URL}/reports/${input.id}`;
				throw confirmationNeeded(ctx.facade, page);
			}
			const proven = { ...decision, subject: identity.subject };
			return input.status === "approved"
				? ctx.db
						.transaction()
						.execute((tx) => approve({ ...ctx, db: tx }, identity, proven))
				: decide(ctx, proven);
		}),

	withdraw: procedure
		.meta({
			access: "reports:submit",
			openapi: {
				method: "POST",
				path: "/api/v1/reports/{id}/withdraw",
				operationId: "withdrawReport",
				tags,
				summary: "Withdraw a pending report",
				description:
					"Its submitter takes a pending report back: it becomes `rejected`, with the notes `withdrawn by submitter`, and the repository is free for the next revision.",
			},
			rest: {
				success: 200,
				errors: {
					...badId,
					403: "Somebody else submitted the report.",
					404: "There is no such report.",
					409: "The report is decided already.",
				},
			},
		})
		.input(Withdrawal)
		.output(Report)
		.mutation(async ({ ctx, input }) => {
			const { db, identity } = ctx;
			const email = actingAs(
				identity,
				"developer_email",
				input.developer_email,
			);
			const report = await findReport(db, input.id);
			if (!report) throw unknownReport(input.id);
			const isSubmitter =
				identity.method === "none"
					? report.developer_email.toLowerCase() === email.toLowerCase()
					: await isOwn(db, input.id, identity);
			if (!isSubmitter) {
				throw limitTo(identity)
					? unknownReport(input.id, true)
					: foreignReport(report.developer_email);
			}
			if (report.status !== "pending_review") throw decidedAlready(report);
			return decide(ctx, {
				id: input.id,
				status: "rejected",
				reviewed_by: email,
				review_notes: WITHDRAWN,
				action: "report_withdrawn",
				...(identity.method !== "none" && { subject: identity.subject }),
			});
		}),

	approvals: reportProcedure
		.meta({
			access: "reports:read",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/{id}/approvals",
				operationId: "listApprovals",
				tags,
				summary: "See how far a report's approval is",
				description:
					"How many reviewers must approve a pending report, and who has. A report with a critical failure or the whole lethal trifecta needs several (APPROVAL_QUORUM), where people sign in.",
			},
			rest: {
				success: 200,
				errors: { ...badId, 404: "There is no such report." },
			},
		})
		.output(Approvals)
		.query(async ({ ctx: { db, identity, settings }, input: { id } }) => {
			const report = await findChangeable(db, id);
			if (!report) throw unknownReport(id);
			return {
				required:
					identity.method === "none"
						? 1
						: approvalsRequired(report, settings.APPROVAL_QUORUM),
				recorded: await listApprovals(db, id),
			};
		}),

	/** By what a page says why somebody cannot approve, instead of offering it. */
	involvement: reportProcedure
		.meta({ access: "reports:read" })
		.output(Involvement)
		.query(async ({ ctx: { db, identity }, input: { id } }) => {
			const report = await findStandingReport(db, id);
			if (!report) throw unknownReport(id);
			if (identity.method === "none") {
				return {
					is_submitter: false,
					has_submitted: false,
					has_approved: false,
				};
			}
			const { repository_key } = report;
			return {
				is_submitter: await isOwn(db, id, identity),
				has_submitted: await hasSubmitted(db, identity, repository_key),
				has_approved: await hasApproved(db, id, identity),
			};
		}),

	decisions: reportProcedure
		.meta({
			access: "reports:read",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/{id}/decisions",
				operationId: "listDecisions",
				tags,
				summary: "List a report's decisions",
				description: "Every change of the report's status, oldest first.",
			},
			rest: {
				success: 200,
				errors: {
					400: "The id is not a UUID.",
					404: "There is no such report.",
				},
			},
		})
		.output(z.array(Decision))
		.query(async ({ ctx: { db }, input: { id } }) => {
			const decisions = await listDecisions(db, id);
			if (decisions.length === 0 && !(await findStandingReport(db, id))) {
				throw unknownReport(id);
			}
			return decisions;
		}),

	revisions: reportProcedure
		.meta({
			access: "reports:read",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/{id}/revisions",
				operationId: "listRevisions",
				tags,
				summary: "List all revisions of a report's repository",
				description:
					"Every report for the same repository, this one included, oldest first, each with all decisions about it: the history of the server.",
			},
			rest: {
				success: 200,
				errors: {
					400: "The id is not a UUID.",
					404: "There is no such report.",
				},
			},
		})
		.output(z.array(Revision))
		.query(async ({ ctx: { db, identity }, input: { id } }) => {
			const revisions = await listRevisions(db, id, limitTo(identity));
			if (revisions.length === 0) throw unknownReport(id);
			return revisions;
		}),
});

/** Changes the status, or says what stands in the way. */
async function decide(
	ctx: Context,
	decision: SettledDecision,
): Promise<Report> {
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
