import { recordEvent } from "../audit/queries.ts";
import { originOf } from "../audit/rules.ts";
import {
	findCandidate,
	hasSubmitted,
	lockReport,
} from "../decisions/approval-queries.ts";
import { approve } from "../decisions/decide.ts";
import { requirementOf } from "../decisions/quorum.ts";
import {
	impossibleChange,
	needsConfirmation,
	ownRepository,
} from "../decisions/rules.ts";
import { NewDecision } from "../decisions/schema.ts";
import { actingAs, type ProvenIdentity } from "../identity.ts";
import { rememberPerson } from "../people/queries.ts";
import { unknownReport } from "../reports/rules.ts";
import { Report } from "../reports/schema.ts";
import { hashSecret } from "../tokens/rules.ts";
import { type Context, procedure, router } from "../trpc.ts";
import {
	findConfirmation,
	insertConfirmation,
	markConfirmationUsed,
} from "./queries.ts";
import {
	closedConfirmation,
	confirmedByPeopleOnly,
	foreignConfirmation,
	makeSecret,
	unknownConfirmation,
} from "./rules.ts";
import {
	Confirmation,
	ConfirmationLink,
	ConfirmationToken,
	LIFETIME_MINUTES,
} from "./schema.ts";

/** Whoever is signed in with a browser: no bearer token comes this way. */
const personProcedure = procedure.use(({ ctx: { identity, facade }, next }) => {
	// Where nobody signs in, nothing waits.
	if (identity.method === "none") throw unknownConfirmation();
	if (identity.method !== "session" || facade !== "web") {
		throw confirmedByPeopleOnly();
	}
	return next({ ctx: { identity: identity as ProvenIdentity } });
});

/** Approvals that a program asked for, and that wait for the person to confirm them. */
export const confirmationsRouter = router({
	/** Makes the link for an approval that takes one; `null` where it can be given directly. */
	request: procedure
		.meta({ access: "reports:decide" })
		.input(NewDecision)
		.output(ConfirmationLink.nullable())
		.mutation(async ({ ctx, input }) => {
			if (!needsConfirmation(ctx, input.status)) return null;
			const { db, client, settings } = ctx;
			const identity = ctx.identity as ProvenIdentity;
			actingAs(identity, "reviewed_by", input.reviewed_by);
			const report = await findCandidate(db, input.id);
			if (!report) throw unknownReport(input.id);
			if (report.status !== "pending_review") {
				throw impossibleChange(report, input.status);
			}
			const { repository_key: key } = report;
			if (await hasSubmitted(db, identity, key, settings.PLUS_ADDRESSES)) {
				throw ownRepository();
			}
			const secret = makeSecret();
			const expires_at = await db.transaction().execute(async (tx) => {
				await rememberPerson(tx, identity);
				const ends = await insertConfirmation(
					tx,
					{
						token_sha256: hashSecret(secret),
						report_id: input.id,
						status: input.status,
						notes: input.review_notes?.trim() || null,
						requested_by_subject: identity.subject,
						client,
					},
					LIFETIME_MINUTES,
				);
				await recordEvent(tx, originOf(ctx), {
					action: "approval_requested",
					report_id: input.id,
				});
				return ends;
			});
			return {
				url: `${settings.PUBLIC_URL}/confirm/${secret}`,
				expires_at,
				...requirementOf(report, settings),
			};
		}),

	get: personProcedure
		.meta({ access: "reports:decide" })
		.input(ConfirmationToken)
		.output(Confirmation)
		.query(({ ctx, input: { token } }) => findOwn(ctx, token)),

	/** Approves what a link stands for, once. */
	confirm: personProcedure
		.meta({ access: "reports:decide" })
		.input(ConfirmationToken)
		.output(Report)
		.mutation(({ ctx, input: { token } }) =>
			ctx.db.transaction().execute(async (tx) => {
				const { identity } = ctx;
				const inside = { db: tx, identity };
				const { report_id, review_notes } = await findOwn(inside, token);
				// Whoever confirms or decides at the same time waits here, and then sees it done.
				const report = await lockReport(tx, report_id);
				const { state } = await findOwn(inside, token);
				if (!report) throw unknownReport(report_id);
				if (state !== "open") throw closedConfirmation(state);
				await markConfirmationUsed(tx, hashSecret(token));
				return approve({ ...ctx, db: tx }, report, identity, {
					action: "report_approved",
					id: report_id,
					status: "approved",
					review_notes,
					reviewed_by: identity.email,
					subject: identity.subject,
				});
			}),
		),
});

/**
 * @throws TRPCError NOT_FOUND, or FORBIDDEN when it is somebody else's
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
