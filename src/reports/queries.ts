import { type Insertable, sql } from "kysely";
import type { Assessment } from "../checklist/schema.ts";
import { type Database, type ReportsTable, violates } from "../database.ts";
import { prepareStatement } from "../prepared.ts";
import type { ChangeableReport, StandingReport } from "./rules.ts";
import type {
	Decision,
	NewDecision,
	Report,
	ReportStatus,
	Revision,
} from "./schema.ts";

/** The states of which a repository has one report at the most. */
const liveStatuses = ["pending_review", "approved"] as const;

/** The columns of a `ReportSummary`. */
export const summaryColumns = [
	"id",
	"server_name",
	"repository_url",
	"status",
	"submitted_at",
	"developer_email",
	"revision",
	"reviewed_at",
	"reviewed_by",
	"risk_level",
	"trifecta",
	"completeness",
	"error_count",
	"critical_failures",
] as const satisfies (keyof ReportsTable)[];

const reportColumns = [
	...summaryColumns,
	"report_data",
	"review_notes",
	"content_sha256",
	"report_json",
] as const satisfies (keyof ReportsTable)[];

const standingColumns = [
	"id",
	"status",
	"revision",
	"reviewed_by",
	"reviewed_at",
	"repository_key",
] as const satisfies (keyof ReportsTable)[];

/**
 * Stores a report as its repository's next revision.
 *
 * @returns the report, or `undefined` when the repository has a live one
 */
export async function insertReport(
	db: Database,
	report: Pick<
		ReportsTable,
		| "server_name"
		| "repository_url"
		| "repository_key"
		| "developer_email"
		| "report_data"
		| "content_sha256"
	> & {
		report_json: Record<string, unknown> | null;
		assessment: Assessment;
	},
): Promise<Report | undefined> {
	const [inserted] = await insertStatement(db, {
		...report,
		report_json: report.report_json && JSON.stringify(report.report_json),
		assessment: JSON.stringify(report.assessment),
	});
	return inserted;
}

type NewRow = Pick<
	Required<Insertable<ReportsTable>>,
	| "server_name"
	| "repository_url"
	| "repository_key"
	| "developer_email"
	| "report_data"
	| "report_json"
	| "content_sha256"
	| "assessment"
>;

const insertStatement = prepareStatement<NewRow, Report>((db, value) =>
	db
		.insertInto("mcp_server_reports")
		.values((eb) => ({
			server_name: value("server_name"),
			repository_url: value("repository_url"),
			repository_key: value("repository_key"),
			developer_email: value("developer_email"),
			report_data: value("report_data"),
			report_json: value("report_json"),
			content_sha256: value("content_sha256"),
			assessment: value("assessment"),
			revision: eb
				.selectFrom("mcp_server_reports")
				.where("repository_key", "=", value("repository_key"))
				.select(sql<number>`coalesce(max(revision), 0) + 1`.as("next")),
		}))
		// Waits for a rival that is being inserted, then yields to it.
		.onConflict((conflict) => conflict.doNothing())
		.returning(reportColumns),
);

export async function findReport(
	db: Database,
	id: string,
): Promise<Report | undefined> {
	const [report] = await findStatement(db, { id });
	return report;
}

const findStatement = prepareStatement<{ id: string }, Report>((db, value) =>
	db
		.selectFrom("mcp_server_reports")
		.select(reportColumns)
		.where("id", "=", value("id")),
);

/** What of a report may change. */
export async function findChangeable(
	db: Database,
	id: string,
): Promise<ChangeableReport | undefined> {
	const [report] = await changeableStatement(db, { id });
	return report;
}

const changeableStatement = prepareStatement<{ id: string }, ChangeableReport>(
	(db, value) =>
		db
			.selectFrom("mcp_server_reports")
			.select([
				"status",
				"reviewed_at",
				"risk_level",
				"trifecta",
				"completeness",
				"error_count",
				"critical_failures",
			])
			.where("id", "=", value("id")),
);

/** What a rule needs to know of a report, without its text. */
export async function findStandingReport(
	db: Database,
	id: string,
): Promise<(StandingReport & { repository_key: string }) | undefined> {
	return db
		.selectFrom("mcp_server_reports")
		.select(standingColumns)
		.where("id", "=", id)
		.executeTakeFirst();
}

/** The one report of a repository that is pending or approved, if there is one. */
export async function findLiveReport(
	db: Database,
	repositoryKey: string,
): Promise<StandingReport | undefined> {
	return db
		.selectFrom("mcp_server_reports")
		.select(standingColumns)
		.where("repository_key", "=", repositoryKey)
		.where("status", "in", liveStatuses)
		.executeTakeFirst();
}

/**
 * Changes a report's status and appends the decision, in one statement: of two
 * reviewers at the same instant, the second finds the status already changed.
 *
 * @param sources the states the report may be in; in any other nothing happens
 * @returns the report as it is now, or `undefined` when nothing was changed:
 *   no such report, not in one of the sources, or a second live report
 */
export async function changeStatus(
	db: Database,
	decision: NewDecision,
	sources: readonly ReportStatus[],
): Promise<Report | undefined> {
	const isReopening = decision.status === "pending_review";
	const notes = decision.review_notes?.trim() || null;
	return db
		.with("present", (tx) =>
			tx
				.selectFrom("mcp_server_reports")
				.select(["id", "status"])
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
				})
				.whereRef("report.id", "=", "present.id")
				.returning([
					...reportColumns.map((column) => `report.${column}` as const),
					"present.status as from_status",
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

/** A report's decisions, oldest first. */
export async function listDecisions(
	db: Database,
	reportId: string,
): Promise<Decision[]> {
	return db
		.selectFrom("report_decisions")
		.select([
			"report_id",
			"from_status",
			"to_status",
			"decided_by",
			"notes",
			"decided_at",
		])
		.where("report_id", "=", reportId)
		.orderBy("id")
		.execute();
}

/**
 * All reports for the repository of one, oldest revision first, each with its
 * decisions; in one query, so that none is half of an older moment.
 *
 * @param id any of them; of an unknown one there are none
 */
export async function listRevisions(
	db: Database,
	id: string,
): Promise<Revision[]> {
	const rows = await db
		.selectFrom("mcp_server_reports as report")
		.leftJoin("report_decisions as decision", "decision.report_id", "report.id")
		.where("repository_key", "=", (eb) =>
			eb
				.selectFrom("mcp_server_reports")
				.where("id", "=", id)
				.select("repository_key"),
		)
		.select(summaryColumns.map((column) => `report.${column}` as const))
		.select(["from_status", "to_status", "decided_by", "notes", "decided_at"])
		.orderBy("revision")
		.orderBy("decision.id")
		.execute();
	const revisions = new Map<string, Revision>();
	for (const row of rows) {
		const { from_status, to_status, decided_by, notes, decided_at, ...report } =
			row;
		const revision = revisions.get(row.id) ?? { ...report, decisions: [] };
		revisions.set(row.id, revision);
		// A revision that nobody decided has one row, without a decision.
		if (from_status && to_status && decided_by && decided_at) {
			revision.decisions.push({
				report_id: row.id,
				from_status,
				to_status,
				decided_by,
				notes,
				decided_at,
			});
		}
	}
	return [...revisions.values()];
}
