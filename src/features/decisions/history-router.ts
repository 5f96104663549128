import { z } from "zod";
import { DEFAULT_PAGE_SIZE, refuseUnknownStart } from "../../core/paging.ts";
import { personOf } from "../../core/person-of.ts";
import { router } from "../../procedure.ts";
import { limitTo, reportProcedure } from "../reports/one-report.ts";
import { isOwn } from "../reports/owner.ts";
import { findStandingReport } from "../reports/queries.ts";
import { requirementOf } from "../reports/quorum.ts";
import { unknownReport } from "../reports/rules.ts";
import {
	findCandidate,
	hasApproved,
	hasSubmitted,
	listApprovals,
} from "./approval-queries.ts";
import {
	isFullOfNotes,
	isFullOfRecords,
	NOTES_PER_PAGE,
	RECORDS_PER_PAGE,
} from "./history-limits.ts";
import { listDecisions } from "./history-queries.ts";
import {
	findLineage,
	findRevision,
	isRevisionOf,
	listNewestRevisions,
	listRevisions,
} from "./revision-queries.ts";
import { MAX_DECISIONS } from "./rules.ts";
import {
	Approvals,
	Decision,
	DecisionPage,
	History,
	Involvement,
	Lineage,
	LineageFilter,
	Revision,
	RevisionFilter,
} from "./schema.ts";

const tags = ["Reports"];
const badId = { 400: "The id is not a UUID." };

/** Decisions about reports, and the progress of approvals; a part of `reports`. */
export const historyRouter = router({
	approvals: reportProcedure
		.meta({
			access: "reports:read",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/{id}/approvals",
				operationId: "listApprovals",
				tags,
				summary: "See the progress of a report's approval",
				description:
					"How many reviewers must approve a report, why, and who has; for a decided one, who had. Where people sign in, a report with a critical failure or the complete lethal trifecta requires several (APPROVAL_QUORUM), and so does one where this is unknown (APPROVAL_QUORUM_UNKNOWN). The number is fixed when a review begins, and can only rise; for 30 days the repository's next revisions require as many.",
			},
			rest: {
				success: 200,
				errors: { ...badId, 404: "There is no such report." },
			},
		})
		.output(Approvals)
		.query(async ({ ctx: { db, identity, settings }, input: { id } }) => {
			const report = await findCandidate(db, id);
			if (!report) throw unknownReport(id);
			return {
				...(personOf(identity)
					? requirementOf(report, settings)
					: { required: 1, reason: null }),
				recorded: await listApprovals(db, id),
			};
		}),

	/** Tells a page why somebody cannot approve, so that it does not offer it. */
	involvement: reportProcedure
		.meta({ access: "reports:read" })
		.output(Involvement)
		.query(async ({ ctx: { db, identity, settings }, input: { id } }) => {
			const report = await findStandingReport(db, id);
			if (!report) throw unknownReport(id);
			if (identity.method === "none") {
				return {
					is_submitter: false,
					has_submitted: false,
					has_approved: false,
				};
			}
			const { canonical_key: key } = report;
			const { PLUS_ADDRESSES } = settings;
			return {
				is_submitter: await isOwn(db, id, identity),
				has_submitted: await hasSubmitted(db, identity, key, PLUS_ADDRESSES),
				has_approved: await hasApproved(db, id, identity, PLUS_ADDRESSES),
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
				description: `Every change of the report's status, oldest first, each with the approvals that led to it and with full notes. There are at most ${MAX_DECISIONS + 1}: after ${MAX_DECISIONS}, a report is not reopened. A page ends at its limit, or where its notes reach ${NOTES_PER_PAGE / 1024} KiB, and then has a \`Link\` to the next one; without the header, request further pages until one is empty.`,
			},
			rest: {
				success: 200,
				errors: { ...badId, 404: "There is no such report." },
				pageSize: 200,
				countRows: (decisions: Decision[]) => decisions.length,
				isFull: isFullOfNotes,
			},
		})
		.input(DecisionPage)
		.output(z.array(Decision))
		.query(async ({ ctx: { db }, input }) => {
			const decisions = await listDecisions(db, input);
			if (decisions.length === 0 && !(await findStandingReport(db, input.id))) {
				throw unknownReport(input.id);
			}
			return decisions;
		}),

	/** For pages and texts, which show the end of a history and where the rest is. */
	history: reportProcedure
		.meta({ access: "reports:read" })
		.output(History)
		.query(async ({ ctx: { db, identity }, input: { id } }) => {
			const [own, newest] = await Promise.all([
				findRevision(db, id),
				listNewestRevisions(db, id, limitTo(identity)),
			]);
			if (!own) throw unknownReport(id);
			return { own, newest };
		}),

	/** For the page that compares a report with another revision. */
	lineage: reportProcedure
		.meta({ access: "reports:read" })
		.input(LineageFilter)
		.output(Lineage)
		.query(async ({ ctx: { db, identity }, input: { id, wanted } }) =>
			findLineage(db, id, wanted, limitTo(identity)),
		),

	revisions: reportProcedure
		.meta({
			access: "reports:read",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/{id}/revisions",
				operationId: "listRevisions",
				tags,
				summary: "List all revisions of a report's repository",
				description: `Every report for the same repository, this one included, oldest first, each with its latest decisions and their approvals: the history of the server. Long notes are shortened; each report's list of decisions has them in full. A page ends at its limit, or where it contains ${RECORDS_PER_PAGE} revisions, decisions and approvals together, and then has a \`Link\` to the next one.`,
			},
			rest: {
				success: 200,
				errors: {
					400: "The id is not a UUID, or the page does not belong to this repository.",
					404: "There is no such report.",
				},
				pageSize: DEFAULT_PAGE_SIZE,
				isFull: isFullOfRecords,
			},
		})
		.input(RevisionFilter)
		.output(z.array(Revision))
		.query(async ({ ctx: { db, identity }, input }) => {
			const owner = limitTo(identity);
			const revisions = await listRevisions(db, input, owner);
			if (revisions.length > 0) return revisions;
			const { after, ...first } = input;
			const isThere = await listRevisions(db, { ...first, limit: 1 }, owner);
			if (isThere.length === 0) throw unknownReport(input.id);
			await refuseUnknownStart(
				revisions,
				after,
				(id) => isRevisionOf(db, id, input.id, owner),
				{
					missing: "This repository has no report with the id",
					give: "the id of the last revision you have seen",
				},
			);
			return revisions;
		}),
});
