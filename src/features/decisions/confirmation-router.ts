import type { ProvenIdentity } from "../../identity/identity.ts";
import { hashSecret } from "../../identity/own-tokens.ts";
import {
	type Context,
	procedure,
	procedureForPeople,
	router,
} from "../../procedure.ts";
import { unknownReport } from "../reports/rules.ts";
import { Report } from "../reports/schema.ts";
import { lockReport } from "./approval-queries.ts";
import {
	findConfirmation,
	markConfirmationUsed,
} from "./confirmation-queries.ts";
import {
	closedConfirmation,
	confirmedByPeopleOnly,
	foreignConfirmation,
	unknownConfirmation,
} from "./confirmation-rules.ts";
import {
	Confirmation,
	ConfirmationLink,
	ConfirmationToken,
} from "./confirmation-schema.ts";
import { approve } from "./decide.ts";
import { requestConfirmation } from "./request-confirmation.ts";
import { needsConfirmation } from "./rules.ts";
import { NewDecision } from "./schema.ts";

/** Requires a person signed in with a browser: bearer tokens cannot confirm. */
const personProcedure = procedureForPeople(
	// Where nobody signs in, no confirmations exist.
	unknownConfirmation,
).use(({ ctx: { identity, facade }, next }) => {
	if (identity.method !== "session" || facade !== "web") {
		throw confirmedByPeopleOnly();
	}
	return next();
});

/** Approvals that a program requested and that the person must confirm. */
export const confirmationsRouter = router({
	/**
	 * Creates the link for an approval that requires confirmation; `null` where it can be given
	 * directly.
	 */
	request: procedure
		.meta({ access: "reports:decide" })
		.input(NewDecision)
		.output(ConfirmationLink.nullable())
		.mutation(({ ctx, input }) =>
			needsConfirmation(ctx, input.status)
				? requestConfirmation(ctx, input)
				: null,
		),

	get: personProcedure
		.meta({ access: "reports:decide" })
		.input(ConfirmationToken)
		.output(Confirmation)
		.query(({ ctx, input: { token } }) => findOwn(ctx, token)),

	/** Gives the approval behind a link, once. */
	confirm: personProcedure
		.meta({ access: "reports:decide" })
		.input(ConfirmationToken)
		.output(Report)
		.mutation(({ ctx, input: { token } }) =>
			ctx.db.transaction().execute(async (tx) => {
				const { identity } = ctx;
				const inside = { db: tx, identity };
				const { report_id, review_notes } = await findOwn(inside, token);
				// A concurrent confirmation or decision waits here, and then sees this one.
				const report = await lockReport(tx, report_id);
				const { state } = await findOwn(inside, token);
				if (!report) throw unknownReport(report_id);
				if (state !== "open") throw closedConfirmation(state);
				await markConfirmationUsed(tx, hashSecret(token));
				return approve({ ...ctx, db: tx }, report, identity, {
					action: "report_approved",
					id: report_id,
					status: "approved",
					review_notes: review_notes ?? undefined,
					reviewed_by: identity.email,
					subject: identity.subject,
				});
			}),
		),
});

/**
 * @throws TRPCError NOT_FOUND, or FORBIDDEN when it was requested by somebody else
 */
async function findOwn(
	{ db, identity }: Pick<Context, "db"> & { identity: ProvenIdentity },
	token: string,
) {
	const found = await findConfirmation(db, hashSecret(token));
	if (!found) throw unknownConfirmation();
	const { requested_by_subject, ...confirmation } = found;
	if (requested_by_subject !== identity.subject) {
		throw foreignConfirmation(identity.email);
	}
	return { ...confirmation, reviewed_by: identity.email };
}
