import { recordEvent } from "../../audit/queries.ts";
import { originOf } from "../../audit/rules.ts";
import { actingAs, type ProvenIdentity } from "../../identity/identity.ts";
import { hashSecret } from "../../identity/own-tokens.ts";
import type { Context } from "../../procedure.ts";
import { requirementOf } from "../reports/quorum.ts";
import { unknownReport } from "../reports/rules.ts";
import { findCandidate, hasSubmitted } from "./approval-queries.ts";
import { insertConfirmation, lockRequester } from "./confirmation-queries.ts";
import { makeSecret, tooManyOpen } from "./confirmation-rules.ts";
import {
	type ConfirmationLink,
	LIFETIME_MINUTES,
	MAX_OPEN,
} from "./confirmation-schema.ts";
import { impossibleChange, ownRepository } from "./rules.ts";
import type { NewDecision } from "./schema.ts";

/**
 * Creates the link with which a person confirms an approval that a program requested, and records
 * the request.
 *
 * @throws TRPCError as the approval itself would if it cannot be given; TOO_MANY_REQUESTS when this
 * person has too many open links
 */
export async function requestConfirmation(
	context: Context,
	decision: NewDecision,
): Promise<ConfirmationLink> {
	const { db, client, settings } = context;
	const identity = context.identity as ProvenIdentity;
	actingAs(identity, "reviewed_by", decision.reviewed_by);
	const report = await findCandidate(db, decision.id);
	if (!report) throw unknownReport(decision.id);
	if (report.status !== "pending_review") {
		throw impossibleChange(report, decision.status);
	}
	const { canonical_key: key } = report;
	if (await hasSubmitted(db, identity, key, settings.PLUS_ADDRESSES)) {
		throw ownRepository();
	}
	const secret = makeSecret();
	const expires_at = await db.transaction().execute(async (tx) => {
		const { open, seconds } = await lockRequester(tx, identity.subject);
		if (open >= MAX_OPEN) throw tooManyOpen(seconds);
		const ends = await insertConfirmation(
			tx,
			{
				token_sha256: hashSecret(secret),
				report_id: decision.id,
				status: decision.status,
				notes: decision.review_notes?.trim() || null,
				requested_by_subject: identity.subject,
				client,
			},
			LIFETIME_MINUTES,
		);
		await recordEvent(tx, originOf(context), {
			action: "approval_requested",
			report_id: decision.id,
		});
		return ends;
	});
	return {
		url: `${settings.PUBLIC_URL}/confirm/${secret}`,
		expires_at,
		...requirementOf(report, settings),
	};
}
