import {
	type Expression,
	type SelectQueryBuilder,
	type SqlBool,
	sql,
} from "kysely";
import type { RiskLevel } from "../checklist/schema.ts";
import type { Database, ReportsTable, Tables } from "../database.ts";
import { prepareStatement } from "../prepared.ts";
import { isOwnedBy, type Owner, summaryColumns } from "../reports/queries.ts";
import { repositoryKey } from "../reports/repository.ts";
import type { ReportSummary } from "../reports/schema.ts";
import {
	type Finding,
	holdsText,
	readFound,
	waysToFind,
} from "../search/queries.ts";
import {
	DEFAULT_PAGE_SIZE,
	type Neighbours,
	type QueueState,
	type ReportCounts,
	type ReportFilter,
	type ReportKind,
	type ReportOrder,
	type ReportPlace,
} from "./schema.ts";

/** A page of reports in one of the orders; it starts after the row the caller saw last. */
export async function listReports(
	db: Database,
	filter: ReportFilter,
	owner?: Owner,
): Promise<ReportSummary[]> {
	if (isPlain(filter) && !owner) return plainPage(filter)(db, filter);
	const { search, limit, after } = filter;
	return readFound(
		db,
		search,
		limit,
		(finding) =>
			reportsInOrder(db, { ...filter, owner, finding }, "forwards", after)
				.select(summaryColumns)
				.limit(limit)
				.execute(),
		(page) => page.length === limit,
	);
}

/** Whether a page is one that is asked all the time, without filters but the status. */
function isPlain(filter: ReportFilter): boolean {
	const isUnfiltered =
		filter.repository_url === undefined &&
		filter.risk_level === "all" &&
		filter.has_errors === "all" &&
		filter.trifecta === "all" &&
		!filter.search;
	return isUnfiltered && filter.limit === DEFAULT_PAGE_SIZE;
}

type PlainPage = (
	db: Database,
	filter: ReportFilter,
) => Promise<ReportSummary[]>;

/** By order, status and whether it is the first page: twenty-four at the most. */
const plainPages = new Map<string, PlainPage>();

function plainPage(filter: ReportFilter): PlainPage {
	const shape = `${filter.sort} ${filter.status} ${filter.after === undefined}`;
	const known = plainPages.get(shape);
	if (known) return known;
	const page = prepareStatement<ReportFilter, ReportSummary>((db, value) =>
		reportsInOrder(
			db,
			{
				...filter,
				// Written out too: a plan for any status is wrong for the rare one that waits.
				status: filter.status === "all" ? "all" : sql.lit(filter.status),
			},
			"forwards",
			filter.after && value("after"),
		)
			.select(summaryColumns)
			// Written out: an unknown number of rows is planned as a tenth of them all.
			.limit(sql.lit(DEFAULT_PAGE_SIZE)),
	);
	plainPages.set(shape, page);
	return page;
}

/** The reports on both sides of one, by its place in the order: it need not be in the list itself. */
export async function findNeighbours(
	db: Database,
	place: ReportPlace,
	owner?: Owner,
): Promise<Neighbours> {
	const nextIn = (direction: Direction, finding?: Finding) =>
		reportsInOrder(db, { ...place, owner, finding }, direction, place.id)
			.select("id")
			.limit(1);
	return readFound(
		db,
		place.search,
		1,
		(finding) =>
			db
				.selectNoFrom([
					nextIn("backwards", finding).as("previous"),
					nextIn("forwards", finding).as("next"),
				])
				.executeTakeFirstOrThrow(),
		({ previous, next }) => previous !== null && next !== null,
	);
}

/**
 * Counts every report of a kind by status. Without a text or a repository to
 * look for, the database has the numbers ready.
 */
export async function countByStatus(
	db: Database,
	kind: ReportKind,
	owner?: Owner,
): Promise<ReportCounts> {
	const [finding] = kind.search
		? (await waysToFind(db, kind.search, 1)).slice(-1)
		: [];
	const rows =
		finding || kind.repository_url || owner
			? await db
					.selectFrom("mcp_server_reports")
					.where(isOfKind({ ...kind, owner }))
					.$if(finding !== undefined, (query) =>
						query.where(holdsText(finding as Finding)),
					)
					.select(["status", sql<number>`count(*)::integer`.as("reports")])
					.groupBy("status")
					.execute()
			: await sumCounts(db, kind);
	const of = (status: string) =>
		rows.find((row) => row.status === status)?.reports ?? 0;
	return {
		pending_review: of("pending_review"),
		approved: of("approved"),
		rejected: of("rejected"),
		all: rows.reduce((sum, { reports }) => sum + reports, 0),
	};
}

/** What a page asks again and again: two look-ups, whatever the number of reports. */
export async function findQueueState(
	db: Database,
	owner?: Owner,
): Promise<QueueState> {
	const newest = db
		.selectFrom("mcp_server_reports")
		.select(["id", "submitted_at"])
		.orderBy("submitted_at", "desc")
		.orderBy("id", "desc")
		.limit(1);
	const waiting = owner
		? db
				.selectFrom("mcp_server_reports")
				.where(isOwnedBy(owner))
				.where("status", "=", "pending_review")
				.select(sql<number>`count(*)::integer`.as("pending_review"))
		: db
				.selectFrom("report_counts")
				.where("status", "=", "pending_review")
				.select(
					sql<number>`coalesce(sum(reports), 0)::integer`.as("pending_review"),
				);
	return db
		.selectFrom(waiting.as("counted"))
		.leftJoin(
			(owner ? newest.where(isOwnedBy(owner)) : newest).as("newest"),
			(join) => join.onTrue(),
		)
		.select([
			"pending_review",
			"newest.id as newest_id",
			"newest.submitted_at as newest_submitted_at",
		])
		.executeTakeFirstOrThrow();
}

type Direction = "forwards" | "backwards";

/** All columns of an order have one direction, so that an index is read either way. */
const orders = {
	newest: { columns: ["submitted_at", "id"], direction: "desc" },
	waiting: { columns: ["submitted_at", "id"], direction: "asc" },
	risk: { columns: ["risk_rank", "submitted_at", "id"], direction: "asc" },
} as const satisfies Record<
	ReportOrder,
	{ columns: (keyof ReportsTable)[]; direction: "asc" | "desc" }
>;

function reportsInOrder(
	db: Database,
	filter: Omit<ReportPlace, "id" | "status" | "search"> & {
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
		// The place of another's report would tell when it was submitted, and its risk.
		const isSeen = filter.owner
			? isOwnedBy(filter.owner, "seen.owner_key")
			: sql<boolean>`true`;
		// Compared inside SQL: a time that left PostgreSQL may have lost precision.
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
	// Apart from the order, or an index would be read for that.
	const found = query.select(searchedColumns).offset(sql.lit(0));
	return inOrder(selectFrom(db, found));
}

const selectReports = (db: Database) => db.selectFrom("mcp_server_reports");
type Reports = ReturnType<typeof selectReports>;

/** What lists and orders need of a report, and searches look into. */
const searchedColumns = [
	...summaryColumns,
	"risk_rank",
	"search_text",
] as const satisfies (keyof ReportsTable)[];

/** Reads from some reports as from all of them. */
function selectFrom(
	db: Database,
	some: SelectQueryBuilder<Tables, "mcp_server_reports", object>,
): Reports {
	return db.selectFrom(some.as("mcp_server_reports")) as unknown as Reports;
}

/** The ranks of the generated column risk_rank, by which its indexes are found. */
const riskRanks: Record<RiskLevel, number> = {
	critical: 1,
	high: 2,
	unknown: 3,
	medium: 4,
	low: 5,
};

/** The condition that selects a kind of report, whatever text is looked for. */
function isOfKind(
	kind: Omit<ReportKind, "search"> & { owner?: Owner | undefined },
): Expression<SqlBool> {
	const conditions: Expression<SqlBool>[] = [sql<boolean>`true`];
	if (kind.repository_url !== undefined) {
		const key = repositoryKey(kind.repository_url) ?? "";
		conditions.push(sql<boolean>`repository_key = ${key}`);
	}
	if (kind.risk_level !== "all") {
		conditions.push(sql<boolean>`risk_rank = ${riskRanks[kind.risk_level]}`);
	}
	if (kind.has_errors !== "all") {
		// Written out, not a parameter: the partial indexes are found by it.
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

async function sumCounts(db: Database, kind: ReportKind) {
	let query = db
		.selectFrom("report_counts")
		.select(["status", sql<number>`sum(reports)::integer`.as("reports")])
		.groupBy("status");
	if (kind.risk_level !== "all") {
		query = query.where("risk_level", "=", kind.risk_level);
	}
	if (kind.trifecta !== "all") {
		query = query.where("trifecta", "=", kind.trifecta);
	}
	if (kind.has_errors !== "all") {
		query = query.where("has_errors", "=", kind.has_errors === "true");
	}
	return query.execute();
}
