import { sql } from "kysely";
import type { Database } from "../database.ts";
import type { Person } from "../identity.ts";
import { isOwnedBy, type Owner } from "../reports/owner.ts";
import { standingColumns } from "../reports/queries.ts";
import type { ChangeableReport, StandingReport } from "../reports/rules.ts";
import type { Gravity } from "./quorum.ts";
import type { Approvals } from "./schema.ts";

/** A report that may be decided. */
export type Candidate = StandingReport &
	ChangeableReport &
	Gravity & {
		repository_key: string;
		approvals_required: number | null;
	};

/** Reads what a decision depends on. */
export async function findCandidate(
	db: Database,
	id: string,
): Promise<Candidate | undefined> {
	return selectCandidate(db, id).executeTakeFirst();
}

/** The same, and nobody else changes it before the transaction ends. */
export async function lockReport(
	tx: Database,
	id: string,
): Promise<Candidate | undefined> {
	return selectCandidate(tx, id).forUpdate().executeTakeFirst();
}

function selectCandidate(db: Database, id: string) {
	return db
		.selectFrom("mcp_server_reports")
		.select([
			...standingColumns,
			"decision_count",
			"approvals",
			"risk_level",
			"trifecta",
			"completeness",
			"error_count",
			"critical_failures",
			"critical_unanswered",
			"approvals_required",
		])
		.where("id", "=", id);
}

/**
 * Whether somebody ever submitted a report for this repository. Two subjects
 * with one address count as one person: an account that was made anew, or of
 * another issuer, is no second pair of eyes.
 */
export async function hasSubmitted(
	db: Database,
	owner: Owner,
	repositoryKey: string,
): Promise<boolean> {
	const found = await db
		.selectFrom("mcp_server_reports")
		.select("id")
		.where("repository_key", "=", repositoryKey)
		.where((eb) =>
			eb.or([
				isOwnedBy(owner),
				sql<boolean>`lower(developer_email) = lower(${owner.email})`,
			]),
		)
		.limit(1)
		.executeTakeFirst();
	return found !== undefined;
}

/**
 * Appends an approval.
 *
 * @param required how many this round takes, which is kept
 * @returns how many there are in this round now; `undefined` when this reviewer
 *   has approved in it before
 */
export async function appendApproval(
	tx: Database,
	{ id, decision_count: round }: Pick<Candidate, "id" | "decision_count">,
	reviewer: Person,
	notes: string | null,
	required: number,
): Promise<number | undefined> {
	// The constraint knows subjects alone; nobody else approves before the transaction ends.
	if (await hasApproved(tx, id, reviewer)) return undefined;
	const appended = await tx
		.insertInto("report_approvals")
		.values({
			report_id: id,
			round,
			approved_by: reviewer.email,
			approver_subject: reviewer.subject,
			notes,
		})
		.onConflict((conflict) => conflict.doNothing())
		.returning("id")
		.executeTakeFirst();
	if (!appended) return undefined;
	const { approvals } = await tx
		.updateTable("mcp_server_reports")
		.set((eb) => ({
			approvals: eb("approvals", "+", 1),
			approvals_required: required,
		}))
		.where("id", "=", id)
		.returning("approvals")
		.executeTakeFirstOrThrow();
	return approvals;
}

/** The approvals of a pending report since its last decision, of a decided one before it; oldest first. */
export async function listApprovals(
	db: Database,
	id: string,
): Promise<Approvals["recorded"]> {
	return db
		.selectFrom("report_approvals as approval")
		.where("report_id", "=", id)
		.where("round", "=", (eb) =>
			eb
				.selectFrom("mcp_server_reports")
				// Less the decision that ended the round.
				.select(
					sql<number>`decision_count - (status <> 'pending_review')::integer`.as(
						"round",
					),
				)
				.where("id", "=", id),
		)
		.select(["approved_by", "notes", "approved_at"])
		.orderBy("approval.id")
		.execute();
}

/** Whether somebody has approved a pending report since its last decision, as this subject or by this address. */
export async function hasApproved(
	db: Database,
	id: string,
	{ subject, email }: Owner,
): Promise<boolean> {
	const found = await db
		.selectFrom("report_approvals as approval")
		.where("report_id", "=", id)
		.where("round", "=", (eb) =>
			eb
				.selectFrom("mcp_server_reports")
				.select("decision_count")
				.where("id", "=", id),
		)
		.select("approval.id")
		.where((eb) =>
			eb.or([
				eb("approver_subject", "=", subject),
				sql<boolean>`lower(approved_by) = lower(${email})`,
			]),
		)
		.limit(1)
		.executeTakeFirst();
	return found !== undefined;
}
