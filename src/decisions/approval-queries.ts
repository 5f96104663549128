import { sql } from "kysely";
import type { Database } from "../database.ts";
import type { Person } from "../identity.ts";
import { isOwnedBy, type Owner } from "../reports/owner.ts";
import { standingColumns } from "../reports/queries.ts";
import type { StandingReport } from "../reports/rules.ts";
import type { Report } from "../reports/schema.ts";
import type { Approvals } from "./schema.ts";

/** A report that is about to be approved. */
export type CandidateReport = StandingReport &
	Pick<Report, "trifecta" | "critical_failures"> & {
		repository_key: string;
		/** Which round of approvals this is: decisions that there have been. */
		round: number;
	};

/** Reads a report for its approval; nobody else changes it before the transaction ends. */
export async function lockCandidate(
	tx: Database,
	id: string,
): Promise<CandidateReport | undefined> {
	// Two statements: what a sub-select counts may be older than the lock.
	const report = await tx
		.selectFrom("mcp_server_reports")
		.select([...standingColumns, "trifecta", "critical_failures"])
		.where("id", "=", id)
		.forUpdate()
		.executeTakeFirst();
	if (!report) return undefined;
	const { round } = await roundOf(tx, id).executeTakeFirstOrThrow();
	return { ...report, round };
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
 * @returns how many there are in this round now; `undefined` when this reviewer
 *   has approved in it before
 */
export async function appendApproval(
	tx: Database,
	{ id, round }: Pick<CandidateReport, "id" | "round">,
	reviewer: Person,
	notes: string | null,
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
		.set((eb) => ({ approvals: eb("approvals", "+", 1) }))
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
			eb(
				roundOf(db, id),
				"-",
				eb
					.selectFrom("mcp_server_reports")
					// The decision that ended the round.
					.select(sql<number>`(status <> 'pending_review')::integer`.as("one"))
					.where("id", "=", id),
			),
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
		.where("round", "=", roundOf(db, id))
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

/** How many decisions there have been about a report. */
export function roundOf(db: Database, id: string) {
	return db
		.selectFrom("report_decisions")
		.select(sql<number>`count(*)::integer`.as("round"))
		.where("report_id", "=", id);
}
