import { isSameAddress } from "../../core/canonical-address.ts";
import { personOf } from "../../core/person-of.ts";
import { actingAs } from "../../identity/identity.ts";
import { procedure, router } from "../../procedure.ts";
import { refuseHidden } from "../reports/one-report.ts";
import { isOwn } from "../reports/owner.ts";
import { findReport } from "../reports/queries.ts";
import { unknownReport } from "../reports/rules.ts";
import { Report } from "../reports/schema.ts";
import { decide } from "./decide.ts";
import { requestConfirmation } from "./request-confirmation.ts";
import {
	actionOf,
	confirmationNeeded,
	decidedAlready,
	foreignReport,
	needsConfirmation,
	WITHDRAWN,
} from "./rules.ts";
import { NewDecision, Withdrawal } from "./schema.ts";

const tags = ["Reports"];
const badId = { 400: "The id is not a UUID." };

/** Decisions about reports; a part of `reports`. */
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
					"A pending report is approved or rejected; a decided one is reopened by setting `pending_review`, which clears its review fields. Every change is stored as a decision. Where people sign in, nobody can approve a report for a repository for which they submitted one, and a report with a critical failure or the complete lethal trifecta, or where this is unknown, stays `pending_review` until enough reviewers have approved it (`approvals`). A token cannot approve by itself, unless the operator allows its client to: the answer is 403, with the link at which the person confirms the approval.",
			},
			rest: {
				success: 200,
				errors: {
					400: "The decision is not valid; `issues` names every problem.",
					403: "`reviewed_by` is somebody else's, the reviewer submitted a report for this repository, or the request used a token, and the person must confirm the approval in the browser, at `confirmation_url`.",
					404: "There is no such report.",
					409: "The report's current status does not allow this change, or it was decided since `decisions_seen`.",
					412: "The report is not in a state that `If-Match` names.",
				},
				ifMatch: true,
			},
		})
		.input(NewDecision)
		.output(Report)
		.mutation(async ({ ctx, input }) => {
			const reviewed_by = actingAs(
				ctx.identity,
				"reviewed_by",
				input.reviewed_by,
			);
			const person = personOf(ctx.identity);
			if (needsConfirmation(ctx, input.status)) {
				const { url } = await requestConfirmation(ctx, input);
				throw confirmationNeeded(url);
			}
			const { id, status, review_notes, ...seen } = input;
			const decision = {
				id,
				status,
				review_notes,
				reviewed_by,
				action: actionOf[status],
				...(person && { subject: person.subject }),
			};
			return decide(ctx, decision, seen);
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
					"Its submitter takes a pending report back: it becomes `rejected`, with the notes `withdrawn by submitter`, and the next revision can be submitted.",
			},
			rest: {
				success: 200,
				errors: {
					...badId,
					403: "`developer_email` is somebody else's, or somebody else submitted the report.",
					404: "There is no such report.",
					409: "The report has already been decided.",
				},
			},
		})
		.input(Withdrawal)
		.output(Report)
		.mutation(async ({ ctx, input }) => {
			const { db, identity } = ctx;
			const person = personOf(identity);
			const email = actingAs(
				identity,
				"developer_email",
				input.developer_email,
			);
			await refuseHidden(ctx, input.id);
			const report = await findReport(db, input.id);
			if (!report) throw unknownReport(input.id);
			const isSubmitter = person
				? await isOwn(db, input.id, person)
				: isSameAddress(report.developer_email, email);
			if (!isSubmitter) throw foreignReport(report.developer_email);
			if (report.status !== "pending_review") throw decidedAlready(report);
			return decide(ctx, {
				id: input.id,
				status: "rejected",
				reviewed_by: email,
				review_notes: WITHDRAWN,
				action: "report_withdrawn",
				...(person && { subject: person.subject }),
			});
		}),
});
