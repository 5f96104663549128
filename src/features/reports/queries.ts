import { type Expression, type Insertable, sql } from "kysely";
import { originColumns } from "../../audit/queries.ts";
import type { Origin } from "../../audit/rules.ts";
import type { Assessment } from "../../checklist/assessment-schema.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { prepareStatement } from "../../platform/postgres/prepared.ts";
import { readTogether } from "../../platform/postgres/read-together.ts";
import type { ReportsTable } from "../../platform/postgres/tables.ts";
import { MEMORY_DAYS } from "./quorum.ts";
import type { ChangeableReport, ServerKey, StandingReport } from "./rules.ts";
import type { StoredReport } from "./schema.ts";

/** The statuses of which a server has at most one report. */
const liveStatuses = ["pending_review", "approved"] as const;

/** The columns of a `ReportSummary`. */
export const summaryColumns = [
	"id",
	"server_name",
	"repository_url",
	"subfolder",
	"beside_live_report",
	"status",
	"submitted_at",
	"developer_email",
	"revision",
	"approvals",
	"reviewed_at",
	"reviewed_by",
	"risk_level",
	"trifecta",
	"completeness",
	"error_count",
	"critical_failures",
] as const satisfies (keyof ReportsTable)[];

/** The columns of a `StoredReport`, one of which is read as text. */
export const reportColumns = [
	...summaryColumns,
	"report_data",
	"review_notes",
	"content_sha256",
	"report_json",
	"decision_count",
] as const satisfies (keyof ReportsTable)[];

/**
 * The same columns, as the outermost select reads them: values that nobody examines are not built.
 */
export const readReportColumns = [
	...summaryColumns,
	"report_data",
	"review_notes",
	"content_sha256",
	"decision_count",
	sql<string | null>`report_json::text`.as("report_json"),
] as const;

/** The columns of a `StandingReport`, and of its server's key. */
export const standingColumns = [
	"id",
	"status",
	"revision",
	"reviewed_by",
	"reviewed_at",
	"canonical_key",
	"subfolder_key",
] as const satisfies (keyof ReportsTable)[];

/**
 * Stores a report as its repository's next revision, and records it.
 *
 * @param report `approvals_required` is the number of reviewers that it requires itself; a higher
 * number that its repository required recently is kept. `null` where nobody signs in
 * @returns the report, or `undefined` when the repository has a live one
 */
export async function insertReport(
	db: Database,
	report: Pick<
		ReportsTable,
		| "server_name"
		| "repository_url"
		| "repository_key"
		| "subfolder"
		| "developer_email"
		| "report_data"
		| "content_sha256"
		| "submitter_canonical"
		| "owner_issuer"
		| "owner_sub"
		| "approvals_required"
	> & {
		subfolder_key: string;
		/** As JSON text. */
		report_json: string | null;
		assessment: Assessment;
	},
	origin: Origin,
): Promise<StoredReport | undefined> {
	const [inserted] = await insertStatement(db, {
		...report,
		...origin,
		assessment: JSON.stringify(report.assessment),
	});
	return inserted;
}

type NewRow = Pick<
	Required<Insertable<ReportsTable>>,
	| "server_name"
	| "repository_url"
	| "repository_key"
	| "subfolder"
	| "developer_email"
	| "report_data"
	| "report_json"
	| "content_sha256"
	| "assessment"
	| "submitter_canonical"
	| "owner_issuer"
	| "owner_sub"
	| "approvals_required"
> & { subfolder_key: string };

const insertStatement = prepareStatement<NewRow & Origin, StoredReport>(
	(db, value) =>
		db
			.with("inserted", (tx) =>
				tx
					.insertInto("mcp_server_reports")
					.values((eb) => ({
						server_name: value("server_name"),
						repository_url: value("repository_url"),
						repository_key: value("repository_key"),
						canonical_key: value("repository_key"),
						subfolder: value("subfolder"),
						subfolder_key: value("subfolder_key"),
						beside_live_report: isBesideLive(
							value("repository_key"),
							value("subfolder_key"),
						),
						developer_email: value("developer_email"),
						report_data: value("report_data"),
						report_json: value("report_json"),
						content_sha256: value("content_sha256"),
						assessment: value("assessment"),
						submitter_canonical: value("submitter_canonical"),
						owner_issuer: value("owner_issuer"),
						owner_sub: value("owner_sub"),
						approvals_required: sql<number | null>`case
							when ${value("approvals_required")}::integer is not null
							then greatest(${value("approvals_required")}::integer,
								${lastRequired(value("repository_key"))})
						end`,
						revision: eb
							.selectFrom("mcp_server_reports")
							.where("canonical_key", "=", value("repository_key"))
							.where("subfolder_key", "=", value("subfolder_key"))
							.select(sql<number>`coalesce(max(revision), 0) + 1`.as("next")),
					}))
					// Waits for a concurrent insert of a rival, then yields to it.
					.onConflict((conflict) => conflict.doNothing())
					.returning(reportColumns),
			)
			.with("recorded", (tx) =>
				tx
					.insertInto("audit_log")
					.columns([...originColumns, "action", "report_id", "after"])
					.expression((eb) =>
						eb
							.selectFrom("inserted")
							.select(
								originColumns.map((column) =>
									sql<string>`${value(column)}`.as(column),
								),
							)
							.select([
								sql.lit("report_submitted").as("action"),
								"id as report_id",
								sql<string>`jsonb_build_object('server_name', server_name,
								'repository_url', repository_url, 'revision', revision::text,
								'content_sha256', content_sha256)
								|| case when subfolder is null then '{}'
									else jsonb_build_object('subfolder', subfolder) end`.as(
									"after",
								),
							]),
					),
			)
			.selectFrom("inserted")
			.select(readReportColumns),
);

/**
 * The condition that a folder has no report yet, while another server of its repository has a live
 * one, or a repository that may be the same on another port of its host.
 */
function isBesideLive(
	canonicalKey: Expression<string>,
	subfolderKey: Expression<string>,
): Expression<boolean> {
	const reports = sql`select from mcp_server_reports as other where`;
	const isLive = sql`other.status in ('pending_review', 'approved')`;
	return sql<boolean>`(
		(exists (${reports} other.canonical_key = ${canonicalKey}
				and other.subfolder_key <> ${subfolderKey} and ${isLive})
			or exists (${reports} ${withoutPort(sql.ref("other.canonical_key"))} = ${withoutPort(canonicalKey)}
				and other.canonical_key <> ${canonicalKey} and ${isLive}))
		and not exists (${reports} other.canonical_key = ${canonicalKey}
			and other.subfolder_key = ${subfolderKey}))`;
}

/**
 * A repository's key without its host's port, as the index `reports_live_without_port` spells it.
 */
function withoutPort(key: Expression<unknown>): Expression<string> {
	return sql`regexp_replace(${key}, '^([^/]+):\\d+/', '\\1/')`;
}

/**
 * Returns how many reviewers are required by the repository's reports that are, or were in the last
 * days, under review, in any folder: withdrawing a report and submitting a milder one does not
 * evade the requirement, in whatever order.
 */
export function lastRequired(
	canonicalKey: Expression<string>,
): Expression<number | null> {
	return sql<number | null>`(
		select max(former.approvals_required) from mcp_server_reports as former
		where former.canonical_key = ${canonicalKey}
			and (former.status = 'pending_review'
				or former.reviewed_at > now() - make_interval(days => ${sql.lit(MEMORY_DAYS)})))`;
}

/** Finds a report in full. */
export const findReport = readTogether(
	byId(
		prepareStatement<{ ids: readonly string[] }, StoredReport>((db, value) =>
			db
				.selectFrom("mcp_server_reports")
				.select(readReportColumns)
				.where("id", "=", anyOf(value("ids"))),
		),
	),
);

/** Finds the parts of a report that may change. */
export const findChangeable = readTogether(
	byId(
		prepareStatement<
			{ ids: readonly string[] },
			ChangeableReport & { id: string }
		>((db, value) =>
			db
				.selectFrom("mcp_server_reports")
				.select([
					"id",
					"status",
					"reviewed_at",
					"decision_count",
					"approvals",
					"risk_level",
					"trifecta",
					"completeness",
					"error_count",
					"critical_failures",
				])
				.where("id", "=", anyOf(value("ids"))),
		),
	),
);

function anyOf(ids: Expression<readonly string[]>): Expression<string> {
	return sql<string>`any(${ids}::uuid[])`;
}

/** Finds rows in the order of their ids; `undefined` for missing ones. */
function byId<Row extends { id: string }>(
	find: (db: Database, values: { ids: readonly string[] }) => Promise<Row[]>,
): (db: Database, ids: readonly string[]) => Promise<(Row | undefined)[]> {
	return async (db, ids) => {
		const rows = await find(db, { ids });
		const found = new Map(rows.map((row) => [row.id, row]));
		// PostgreSQL returns ids in lower case, however the request spelled them.
		return ids.map((id) => found.get(id.toLowerCase()));
	};
}

/** Finds the facts about a report that rules need, without its text. */
export async function findStandingReport(
	db: Database,
	id: string,
): Promise<(StandingReport & ServerKey) | undefined> {
	return db
		.selectFrom("mcp_server_reports")
		.select(standingColumns)
		.where("id", "=", id)
		.executeTakeFirst();
}

/** Finds the one report of a server that is pending or approved, if there is one. */
export async function findLiveReport(
	db: Database,
	{ canonical_key, subfolder_key }: ServerKey,
): Promise<StandingReport | undefined> {
	return db
		.selectFrom("mcp_server_reports")
		.select(standingColumns)
		.where("canonical_key", "=", canonical_key)
		.where("subfolder_key", "=", subfolder_key)
		.where("status", "in", liveStatuses)
		.executeTakeFirst();
}
