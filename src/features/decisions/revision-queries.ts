import { type Expression, type SqlBool, sql } from "kysely";
import type { Database } from "../../platform/postgres/database.ts";
import { isOwnedBy, type Owner } from "../reports/owner.ts";
import { summaryColumns } from "../reports/queries.ts";
import {
	RECORDS_PER_PAGE,
	RECORDS_SHOWN,
	REVISIONS_OFFERED,
} from "./history-limits.ts";
import { countColumns, historyOf, keptColumns } from "./history-queries.ts";
import type { Lineage, Revision, RevisionFilter } from "./schema.ts";

/**
 * Lists a page of the reports for the server of one, oldest first, each with its latest decisions
 * and their approvals; in one query, so that all come from the same moment. It starts after the
 * last report the caller has seen, and ends early when there are many decisions, but contains at
 * least one report.
 *
 * @param filter.id any of these reports; the list is empty for an unknown one
 * @param owner only this person's reports, if given
 */
export async function listRevisions(
	db: Database,
	{ id, limit, after }: RevisionFilter,
	owner?: Owner,
): Promise<Revision[]> {
	const page = reportsOfServer(db, id, owner).$if(
		after !== undefined,
		(query) =>
			query.where(
				sql<boolean>`(report.submitted_at, report.revision, report.id) > (
				select seen.submitted_at, seen.revision, seen.id
				from mcp_server_reports as seen
				where seen.id = ${after} and ${isSameServer("seen")}
					and ${owner ? isOwnedBy(owner, "seen") : sql`true`}
			)`,
			),
	);
	return selectHistories(db, page, { limit, records: RECORDS_PER_PAGE });
}

/**
 * Lists what a report's page shows of its server: the newest revisions, newest first, as many as
 * are quick to read.
 *
 * @param owner only this person's reports, if given
 */
export async function listNewestRevisions(
	db: Database,
	id: string,
	owner?: Owner,
): Promise<Revision[]> {
	const all = reportsOfServer(db, id, owner);
	const limits = { limit: RECORDS_SHOWN, records: RECORDS_SHOWN };
	return selectHistories(db, all, limits, "desc");
}

/**
 * Finds a report with its latest decisions, the very last one with full notes; `undefined` for an
 * unknown one.
 */
export async function findRevision(
	db: Database,
	id: string,
): Promise<Revision | undefined> {
	const one = db
		.selectFrom("mcp_server_reports as report")
		.where("report.id", "=", id);
	const limits = { limit: 1, records: 1 };
	const [found] = await selectHistories(db, one, limits, "asc", "whole");
	return found;
}

/**
 * Lists the newest revisions for the server of a report, newest first; and finds the one to compare
 * the report with, however old it is.
 *
 * @param wanted its id; by default it is the revision before the report
 * @param owner only this person's reports, if given
 */
export async function findLineage(
	db: Database,
	id: string,
	wanted: string | undefined,
	owner?: Owner,
): Promise<Lineage> {
	const revisions = reportsOfServer(db, id, owner).select([
		"report.id",
		"report.revision",
		"report.status",
	]);
	const newest = await inOrder(revisions, "desc")
		.limit(REVISIONS_OFFERED)
		.execute();
	const before = sql<boolean>`report.revision < (
		select own.revision from mcp_server_reports as own where own.id = ${id})`;
	const other = await inOrder(
		revisions.where(
			wanted === undefined ? before : sql<boolean>`report.id = ${wanted}`,
		),
		"desc",
	)
		.limit(1)
		.executeTakeFirst();
	return { revisions: newest, other: other ?? null };
}

/** Selects the reports for the server of one, which a query calls `report`. */
function reportsOfServer(db: Database, id: string, owner?: Owner) {
	return db
		.selectFrom("mcp_server_reports as report")
		.where(
			sql<boolean>`(report.canonical_key, report.subfolder_key) = (
				select canonical_key, subfolder_key from mcp_server_reports where id = ${id})`,
		)
		.$if(owner !== undefined, (query) =>
			query.where(isOwnedBy(owner as Owner, "report")),
		);
}

/** Selects as many of the reports as fit a page, with the shown part of their histories. */
async function selectHistories(
	db: Database,
	reports: ReturnType<typeof reportsOfServer>,
	{ limit, records }: { limit: number; records: number },
	direction: Direction = "asc",
	latest: "whole" | "short" = "short",
): Promise<Revision[]> {
	const page = inOrder(reports, direction)
		.limit(limit)
		.select(summaryColumns.map((column) => `report.${column}` as const))
		.select(countColumns);
	const { submitted_at, revision, id } = orderColumns(direction);
	const counted = db
		.selectFrom(page.as("report"))
		.selectAll()
		.select(
			sql<number>`sum(records) over (order by ${submitted_at}, ${revision}, ${id}) - records`.as(
				"before",
			),
		);
	const rows = await db
		.selectFrom(counted.as("report"))
		.where("before", "<", records)
		.select(summaryColumns)
		.select(["decision_count", ...keptColumns(latest)])
		.orderBy(submitted_at)
		.orderBy(revision)
		.orderBy(id)
		.execute();
	return rows.map(
		({ decision_count, kept_decisions, kept_approvals, ...report }) => {
			const { id } = report;
			const kept = { id, decision_count, kept_decisions, kept_approvals };
			return { ...report, ...historyOf(kept) };
		},
	);
}

type Direction = "asc" | "desc";

/** Not by revision: where two histories were merged, both begin at 1. */
function orderColumns(direction: Direction) {
	const way = sql.raw(direction);
	return {
		submitted_at: sql`report.submitted_at ${way}`,
		revision: sql`report.revision ${way}`,
		id: sql`report.id ${way}`,
	};
}

function inOrder<Query extends { orderBy(column: Expression<unknown>): Query }>(
	query: Query,
	direction: Direction,
): Query {
	const { submitted_at, revision, id } = orderColumns(direction);
	return query.orderBy(submitted_at).orderBy(revision).orderBy(id);
}

/** The condition that another report is for the same server as the one called `report`. */
function isSameServer(other: string): Expression<SqlBool> {
	return sql<boolean>`(${sql.ref(`${other}.canonical_key`)}, ${sql.ref(`${other}.subfolder_key`)})
		= (report.canonical_key, report.subfolder_key)`;
}

/**
 * Returns whether a report is for the same server as another, and belongs to the owner if one is
 * given.
 */
export async function isRevisionOf(
	db: Database,
	id: string,
	other: string,
	owner?: Owner,
): Promise<boolean> {
	const found = await db
		.selectFrom("mcp_server_reports as report")
		.innerJoin("mcp_server_reports as other", (join) =>
			join.on(isSameServer("other")),
		)
		.where("report.id", "=", id)
		.where("other.id", "=", other)
		.$if(owner !== undefined, (query) =>
			query.where(isOwnedBy(owner as Owner, "report")),
		)
		.select("report.id")
		.executeTakeFirst();
	return found !== undefined;
}
