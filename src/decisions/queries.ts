import { sql } from "kysely";
import { originColumns } from "../audit/queries.ts";
import type { Origin } from "../audit/rules.ts";
import type { AuditAction } from "../audit/schema.ts";
import { type Database, violates } from "../database.ts";
import type { Person } from "../identity.ts";
import {
	isOwnedBy,
	type Owner,
	reportColumns,
	standingColumns,
} from "../reports/queries.ts";
import type { StandingReport } from "../reports/rules.ts";
import type { Report, ReportStatus } from "../reports/schema.ts";
import { notesSha256 } from "./rules.ts";
import type { Approvals, NewDecision } from "./schema.ts";

/** A decision with who takes it; `subject` where that is proven. */
export type SettledDecision = Pick<
	NewDecision,
	"id" | "status" | "review_notes"
> & {
	reviewed_by: string;
	subject?: string;
	/** What the audit log calls it. */
	action: AuditAction;
};

/**
 * Changes a report's status, appends the decision and records it, in one
 * statement: of two reviewers at the same instant, the second finds the status
 * already changed.
 *
 * @param sources the states the report may be in; in any other nothing happens
 * @returns the report as it is now, or `undefined` when nothing was changed:
 *   no such report, not in one of the sources, or a second live report
 */
export async function changeStatus(
	db: Database,
	decision: SettledDecision,
	sources: readonly ReportStatus[],
	origin: Origin,
): Promise<Report | undefined> {
	const isReopening = decision.status === "pending_review";
	const notes = decision.review_notes?.trim() || null;
	return db
		.with("present", (tx) =>
			tx
				.selectFrom("mcp_server_reports")
				.select(["id", "status", "reviewed_by"])
				.where("id", "=", decision.id)
				.where("status", "in", sources)
				.forUpdate(),
		)
		.with("changed", (tx) =>
			tx
				.updateTable("mcp_server_reports as report")
				.from("present")
				.set({
					status: decision.status,
					reviewed_at: isReopening ? null : sql<string>`now()`,
					reviewed_by: isReopening ? null : decision.reviewed_by,
					review_notes: isReopening ? null : notes,
					approvals: 0,
				})
				.whereRef("report.id", "=", "present.id")
				.returning([
					...reportColumns.map((column) => `report.${column}` as const),
					"present.status as from_status",
					"present.reviewed_by as from_reviewer",
				]),
		)
		.with("appended", (tx) =>
			tx
				.insertInto("report_decisions")
				.columns([
					"report_id",
					"from_status",
					"to_status",
					"decided_by",
					"notes",
					"decided_by_subject",
				])
				.expression((eb) =>
					eb
						.selectFrom("changed")
						.select([
							"id",
							"from_status",
							"status",
							eb.val(decision.reviewed_by).as("decided_by"),
							eb.val(notes).as("notes"),
							eb.val(decision.subject ?? null).as("decided_by_subject"),
						]),
				),
		)
		.with("recorded", (tx) =>
			tx
				.insertInto("audit_log")
				.columns([...originColumns, "action", "report_id", "before", "after"])
				.expression((eb) =>
					eb
						.selectFrom("changed")
						.select(
							originColumns.map((column) => eb.val(origin[column]).as(column)),
						)
						.select([
							eb.val(decision.action).as("action"),
							"id as report_id",
							sql<string>`jsonb_strip_nulls(jsonb_build_object(
								'status', from_status, 'reviewed_by', from_reviewer))`.as(
								"before",
							),
							sql<string>`jsonb_strip_nulls(jsonb_build_object(
								'status', status, 'reviewed_by', reviewed_by,
								'notes_sha256', ${notesSha256(notes)}::text))`.as("after"),
						]),
				),
		)
		.selectFrom("changed")
		.select(reportColumns)
		.executeTakeFirst()
		.catch((error) => {
			if (violates(error, "reports_one_live_per_repository")) return undefined;
			throw error;
		});
}

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
	const { round } = await tx
		.selectFrom("report_decisions")
		.select(sql<number>`count(*)::integer`.as("round"))
		.where("report_id", "=", id)
		.executeTakeFirstOrThrow();
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

/** The approvals of a pending report since its last decision, oldest first. */
export async function listApprovals(
	db: Database,
	id: string,
): Promise<Approvals["recorded"]> {
	return presentRound(db, id)
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
	const found = await presentRound(db, id)
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

function presentRound(db: Database, id: string) {
	return db
		.selectFrom("report_approvals as approval")
		.where("report_id", "=", id)
		.where("round", "=", (eb) =>
			eb
				.selectFrom("report_decisions")
				.select(sql<number>`count(*)::integer`.as("round"))
				.where("report_id", "=", id),
		);
}
