import { type Expression, type SqlBool, sql } from "kysely";
import type { RiskLevel } from "../checklist/schema.ts";
import type { Database, ReportsTable } from "../database.ts";
import { prepareStatement } from "../prepared.ts";
import { isOwnedBy, type Owner, summaryColumns } from "../reports/queries.ts";
import { repositoryKey } from "../reports/repository.ts";
import type { ReportSummary } from "../reports/schema.ts";
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
	return isPlain(filter) && !owner
		? plainPage(filter)(db, filter)
		: reportsInOrder(db, { ...filter, owner }, "forwards", filter.after)
				.select(summaryColumns)
				.limit(filter.limit)
				.execute();
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
	const nextIn = (direction: Direction) =>
		reportsInOrder(db, { ...place, owner }, direction, place.id)
			.select("id")
			.limit(1);
	return db
		.selectNoFrom([
			nextIn("backwards").as("previous"),
			nextIn("forwards").as("next"),
		])
		.executeTakeFirstOrThrow();
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
	const rows =
		kind.search || kind.repository_url || owner
			? await db
					.selectFrom("mcp_server_reports")
					.where(isOfKind({ ...kind, owner }))
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
	filter: Omit<ReportPlace, "id" | "status"> & {
		status: ReportPlace["status"] | Expression<ReportPlace["status"]>;
		owner?: Owner | undefined;
	},
	towards: Direction,
	from: string | Expression<string | undefined> | undefined,
) {
	const { columns, direction } = orders[filter.sort];
	const isAscending = (direction === "asc") === (towards === "forwards");
	let query = db.selectFrom("mcp_server_reports").where(isOfKind(filter));
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
	for (const column of columns) {
		query = query.orderBy(column, isAscending ? "asc" : "desc");
	}
	return query;
}

/** The ranks of the generated column risk_rank, by which its indexes are found. */
const riskRanks: Record<RiskLevel, number> = {
	critical: 1,
	high: 2,
	unknown: 3,
	medium: 4,
	low: 5,
};

/** The condition that selects a kind of report. */
function isOfKind(
	kind: ReportKind & { owner?: Owner | undefined },
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
	if (kind.search) conditions.push(holdsText(kind.search));
	return sql<boolean>`${sql.join(conditions, sql` and `)}`;
}

/**
 * The condition that a report's search_text holds a text. An address is looked
 * for by its repository key, which all its spellings share.
 */
export function holdsText(search: string): Expression<SqlBool> {
	const wanted = (repositoryKey(search) ?? search).replaceAll(
		/[\\%_]/g,
		"\\$&",
	);
	// In small letters as the column's are, but compared as its index is.
	const lowered = sql`lower(${wanted} collate "und-x-icu") collate "default"`;
	return sql<boolean>`search_text like '%' || ${lowered} || '%'`;
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
