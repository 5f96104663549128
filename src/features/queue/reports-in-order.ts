import {
	type Expression,
	type SelectQueryBuilder,
	type SqlBool,
	sql,
} from "kysely";
import type { RiskLevel } from "../../checklist/assessment-schema.ts";
import type { ByKey } from "../../core/repository.ts";
import type { Database } from "../../platform/postgres/database.ts";
import type { ReportsTable, Tables } from "../../platform/postgres/tables.ts";
import { isOwnedBy, type Owner } from "../reports/owner.ts";
import { summaryColumns } from "../reports/queries.ts";
import { type Finding, holdsText } from "../search/queries.ts";
import type { ReportKind, ReportOrder, ReportPlace } from "./schema.ts";

/** The direction along an order. */
export type Direction = "forwards" | "backwards";

/**
 * Selects reports of a kind in an order, without a limit.
 *
 * @param filter which reports, and how a searched text is found
 * @param from the id of the report to start after
 */
export function reportsInOrder(
	db: Database,
	filter: Omit<ByKey<ReportPlace>, "id" | "status" | "search"> & {
		status: ReportPlace["status"] | Expression<ReportPlace["status"]>;
		owner?: Owner | undefined;
		finding?: Finding | undefined;
	},
	towards: Direction,
	from: string | Expression<string | undefined> | undefined,
): Reports {
	const { columns, direction } = orders[filter.sort];
	const isAscending = (direction === "asc") === (towards === "forwards");
	const inOrder = (reports: Reports) =>
		columns.reduce(
			(query, column) => query.orderBy(column, isAscending ? "asc" : "desc"),
			reports,
		);
	let query: Reports = selectReports(db).where(isOfKind(filter));
	if (filter.status !== "all") {
		query = query.where(sql<boolean>`status = ${filter.status}`);
	}
	if (from !== undefined) {
		const row = sql.join(columns.map((column) => sql.ref(column)));
		const seen = sql.join(columns.map((column) => sql.ref(`seen.${column}`)));
		// The position of somebody else's report would reveal its risk and when it was submitted.
		const isSeen = filter.owner
			? isOwnedBy(filter.owner, "seen")
			: sql<boolean>`true`;
		// Compared inside SQL: outside PostgreSQL a time may lose precision.
		query = query.where(
			sql<boolean>`(${row}) ${sql.raw(isAscending ? ">" : "<")} (
				select ${seen} from mcp_server_reports as seen
				where seen.id = ${from} and ${isSeen}
			)`,
		);
	}
	const { finding } = filter;
	if (!finding) return inOrder(query);
	if (finding.within !== undefined) {
		const nearest = inOrder(query).select(searchedColumns);
		return inOrder(
			selectFrom(db, nearest.limit(finding.within)).where(holdsText(finding)),
		);
	}
	query = query.where(holdsText(finding));
	if (finding.piece === undefined) return inOrder(query);
	// Separated from the ordering, which would otherwise make the planner use an index for it.
	const found = query.select(searchedColumns).offset(sql.lit(0));
	return inOrder(selectFrom(db, found));
}

/** The condition that selects a kind of report, apart from the searched text. */
export function isOfKind(
	kind: Omit<ByKey<ReportKind>, "search"> & { owner?: Owner | undefined },
): Expression<SqlBool> {
	const conditions: Expression<SqlBool>[] = [sql<boolean>`true`];
	if (kind.canonical_key !== undefined) {
		conditions.push(sql<boolean>`canonical_key = ${kind.canonical_key}`);
	}
	if (kind.risk_level !== "all") {
		conditions.push(sql<boolean>`risk_rank = ${riskRanks[kind.risk_level]}`);
	}
	if (kind.has_errors !== "all") {
		// Literals, not parameters: the partial indexes require them.
		conditions.push(
			kind.has_errors === "true"
				? sql<boolean>`error_count > 0`
				: sql<boolean>`error_count = 0`,
		);
	}
	if (kind.trifecta !== "all") {
		conditions.push(sql<boolean>`trifecta = ${kind.trifecta}`);
	}
	if (kind.owner) conditions.push(isOwnedBy(kind.owner));
	return sql<boolean>`${sql.join(conditions, sql` and `)}`;
}

/** All columns of an order share one direction, so that its index can be read both ways. */
const orders = {
	newest: { columns: ["submitted_at", "id"], direction: "desc" },
	waiting: { columns: ["submitted_at", "id"], direction: "asc" },
	risk: { columns: ["risk_rank", "submitted_at", "id"], direction: "asc" },
} as const satisfies Record<
	ReportOrder,
	{ columns: (keyof ReportsTable)[]; direction: "asc" | "desc" }
>;

const selectReports = (db: Database) => db.selectFrom("mcp_server_reports");
type Reports = ReturnType<typeof selectReports>;

/** The columns that lists, orders and searches need. */
const searchedColumns = [
	...summaryColumns,
	"risk_rank",
	"search_text",
] as const satisfies (keyof ReportsTable)[];

/** Selects from a subquery as from all reports. */
function selectFrom(
	db: Database,
	some: SelectQueryBuilder<Tables, "mcp_server_reports", object>,
): Reports {
	return db.selectFrom(some.as("mcp_server_reports")) as unknown as Reports;
}

/** The ranks of the generated column risk_rank, which its indexes use. */
const riskRanks: Record<RiskLevel, number> = {
	critical: 1,
	high: 2,
	unknown: 3,
	medium: 4,
	low: 5,
};
