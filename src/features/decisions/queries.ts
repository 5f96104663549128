import { sql } from "kysely";
import { originColumns } from "../../audit/queries.ts";
import type { Origin } from "../../audit/rules.ts";
import { type Database, violates } from "../../platform/postgres/database.ts";
import type { AuditAction } from "../audit/schema.ts";
import {
	lastRequired,
	readReportColumns,
	reportColumns,
} from "../reports/queries.ts";
import type { ReportStatus, StoredReport } from "../reports/schema.ts";
import { notesSha256 } from "./rules.ts";
import type { NewDecision } from "./schema.ts";

/** A decision and who makes it; `subject` where the identity is proven. */
export type SettledDecision = Pick<
	NewDecision,
	"id" | "status" | "review_notes"
> & {
	reviewed_by: string;
	subject?: string;
	/** The action's name in the audit log. */
	action: AuditAction;
};

/**
 * Changes a report's status, appends the decision and records it, in one statement: of two
 * concurrent reviewers, the second finds the status already changed.
 *
 * @param sources the statuses the report may have; with any other, nothing happens
 * @param required how many reviewers the report itself requires; a review that begins with this
 * change keeps a higher number that its repository required recently. `null` where nobody signs in
 * @returns the changed report, or `undefined` when nothing was changed: no such report, another
 * status, or a second live report
 */
export async function changeStatus(
	db: Database,
	decision: SettledDecision,
	sources: readonly ReportStatus[],
	origin: Origin,
	required: number | null,
): Promise<StoredReport | undefined> {
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
					decision_count: sql<number>`${sql.ref("report.decision_count")} + 1`,
					approvals_required: sql<
						number | null
					>`greatest(${required}::integer, ${
						isReopening
							? lastRequired(sql.ref("report.canonical_key"))
							: sql.ref("report.approvals_required")
					})`,
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
		.select(readReportColumns)
		.executeTakeFirst()
		.catch((error) => {
			if (violates(error, "reports_one_live_per_repository")) return undefined;
			throw error;
		});
}
