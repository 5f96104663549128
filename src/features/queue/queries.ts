import { sql } from "kysely";
import { DEFAULT_PAGE_SIZE } from "../../core/paging.ts";
import type { ByKey } from "../../core/repository.ts";
import type { Database } from "../../platform/postgres/database.ts";
import { prepareStatement } from "../../platform/postgres/prepared.ts";
import { readOnce } from "../../platform/postgres/read-together.ts";
import { isOwnedBy, type Owner } from "../reports/owner.ts";
import { summaryColumns } from "../reports/queries.ts";
import type { ReportSummary } from "../reports/schema.ts";
import {
	type Finding,
	holdsText,
	readFound,
	waysToFind,
} from "../search/queries.ts";
import {
	type Direction,
	isOfKind,
	reportsInOrder,
} from "./reports-in-order.ts";
import type {
	Neighbours,
	QueueState,
	ReportCounts,
	ReportFilter,
	ReportKind,
	ReportPlace,
} from "./schema.ts";

/**
 * Lists a page of reports in one of the orders, starting after the last one the caller has seen.
 */
export async function listReports(
	db: Database,
	filter: ByKey<ReportFilter>,
	owner?: Owner,
): Promise<ReportSummary[]> {
	return readPage(db, { filter, owner });
}

const readPage = readOnce<
	{ filter: ByKey<ReportFilter>; owner: Owner | undefined },
	ReportSummary[]
>(async (db, { filter, owner }) => {
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
});

/** Returns whether a page is one of the frequent ones, without filters other than the status. */
function isPlain(filter: ByKey<ReportFilter>): boolean {
	const isUnfiltered =
		filter.canonical_key === undefined &&
		filter.risk_level === "all" &&
		filter.has_errors === "all" &&
		filter.trifecta === "all" &&
		!filter.search;
	return isUnfiltered && filter.limit === DEFAULT_PAGE_SIZE;
}

type PlainPage = (
	db: Database,
	filter: ByKey<ReportFilter>,
) => Promise<ReportSummary[]>;

/** Keyed by order, status and whether it is the first page: at most twenty-four. */
const plainPages = new Map<string, PlainPage>();

function plainPage(filter: ByKey<ReportFilter>): PlainPage {
	const shape = `${filter.sort} ${filter.status} ${filter.after === undefined}`;
	const known = plainPages.get(shape);
	if (known) return known;
	const page = prepareStatement<ByKey<ReportFilter>, ReportSummary>(
		(db, value) =>
			reportsInOrder(
				db,
				{
					...filter,
					// A literal, not a parameter: a plan for any status is wrong for the rare pending one.
					status: filter.status === "all" ? "all" : sql.lit(filter.status),
				},
				"forwards",
				filter.after && value("after"),
			)
				.select(summaryColumns)
				// A literal: with an unknown limit, the planner assumes a tenth of all rows.
				.limit(sql.lit(DEFAULT_PAGE_SIZE)),
	);
	plainPages.set(shape, page);
	return page;
}

/**
 * Finds the reports on both sides of one, by its place in the order: it need not be in the list
 * itself.
 */
export async function findNeighbours(
	db: Database,
	place: ByKey<ReportPlace>,
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
 * Counts the reports of a kind by status. Without a searched text or repository, the database has
 * the numbers ready.
 */
export async function countByStatus(
	db: Database,
	kind: ByKey<ReportKind>,
	owner?: Owner,
): Promise<ReportCounts> {
	const [finding] = kind.search
		? (await waysToFind(db, kind.search, 1)).slice(-1)
		: [];
	const rows =
		finding || kind.canonical_key !== undefined || owner
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

/** Reads what pages poll for: two look-ups, regardless of the number of reports. */
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

async function sumCounts(db: Database, kind: ByKey<ReportKind>) {
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
