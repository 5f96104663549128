import { type Expression, type SqlBool, sql } from "kysely";
import type { Database } from "../../platform/postgres/database.ts";
import {
	approvalsOfDecision,
	shortNotes,
} from "../decisions/history-queries.ts";
import { isOwnedBy, type Owner } from "../reports/owner.ts";
import { summaryColumns } from "../reports/queries.ts";
import { type Finding, holdsText, readFound } from "../search/queries.ts";
import type { Server, ServerFilter } from "./schema.ts";

/**
 * Lists a page of servers, those with the newest reports first, starting after the last one the
 * caller has seen.
 *
 * @param viewer the caller; absent where nobody signs in
 * @param owner if given, only approved servers and those whose newest report belongs to this
 * person, with notes on their own reports only
 */
export async function listServers(
	db: Database,
	filter: ServerFilter,
	viewer?: Owner,
	owner?: Owner,
): Promise<Server[]> {
	const notesOf = (table: "decision" | "approval") => {
		const notes = sql.ref<string | null>(`${table}.notes`);
		return shortNotes(
			owner
				? sql`case when ${isOwnedBy(owner, "decided")} then ${notes} end`
				: notes,
		);
	};
	const read = (finding?: Finding) =>
		serversInOrder(db, filter, owner, finding)
			.leftJoinLateral(
				(eb) =>
					eb
						.selectFrom("mcp_server_reports as decided")
						.innerJoin("report_decisions as decision", (join) =>
							join.onRef("decision.report_id", "=", "decided.id"),
						)
						.whereRef("decided.canonical_key", "=", "server.canonical_key")
						.whereRef("decided.subfolder_key", "=", "server.subfolder_key")
						.$if(owner !== undefined, (query) =>
							query.where(mayKnow("decided", owner as Owner)),
						)
						.orderBy("decision.id", "desc")
						.limit(1)
						.select([
							"report_id",
							"from_status",
							"to_status",
							"decided_by",
							"decided_at",
						])
						.select([
							notesOf("decision").notes.as("notes"),
							notesOf("decision").isShortened.as("notes_shortened"),
							approvalsOfDecision(notesOf("approval")).as("last_approvals"),
						])
						.as("last"),
				(join) => join.onTrue(),
			)
			.select(summaryColumns)
			.select([
				"server.canonical_key as repository_key",
				"server_status",
				"last.report_id",
				"last.from_status",
				"last.to_status",
				"last.decided_by",
				"last.notes",
				"last.notes_shortened",
				"last.decided_at",
				"last_approvals",
			])
			.select(
				owner
					? sql<string | null>`(
						select live.id from mcp_server_reports as live
						where live.id = live_report_id and ${mayKnow("live", owner)}
					)`.as("live_report_id")
					: "live_report_id",
			)
			.select(
				(viewer
					? sql<boolean>`coalesce(${isOwnedBy(viewer, "server")}, false)`
					: sql<boolean>`false`
				).as("is_own"),
			)
			.execute();
	const { search, limit } = filter;
	const isComplete = (page: unknown[]) => page.length === limit;
	const page = await readFound(db, search, limit, read, isComplete);
	return page.map(
		({
			report_id,
			from_status,
			to_status,
			decided_by,
			notes,
			notes_shortened,
			decided_at,
			last_approvals,
			...server
		}) => ({
			...server,
			last_decision:
				report_id && from_status && to_status && decided_by && decided_at
					? {
							report_id,
							from_status,
							to_status,
							decided_by,
							notes,
							...(notes_shortened && { notes_shortened }),
							decided_at,
							approvals: last_approvals ?? [],
						}
					: null,
		}),
	);
}

/**
 * The condition that a person may know about another revision of a server in their list: one of
 * their own, or any of a server in the catalogue.
 */
function mayKnow(report: string, owner: Owner): Expression<SqlBool> {
	return sql<boolean>`(server_status = 'approved' or ${isOwnedBy(owner, report)})`;
}

/**
 * Returns whether a report may have appeared in a person's list.
 *
 * @param owner who sees only approved servers and their own, if given
 */
export async function hasBeenListed(
	db: Database,
	id: string,
	owner?: Owner,
): Promise<boolean> {
	const found = await db
		.selectFrom("mcp_server_reports as seen")
		.select("id")
		.where("id", "=", id)
		.$if(owner !== undefined, (query) => query.where(isListed(owner as Owner)))
		.executeTakeFirst();
	return found !== undefined;
}

/**
 * The condition that a report, called `seen`, is or was in a person's list of servers: one of their
 * own, one in the catalogue, or one that has left it. The position of any other would reveal that
 * it exists, and when it was submitted.
 */
function isListed(owner: Owner): Expression<SqlBool> {
	return sql<boolean>`(${isOwnedBy(owner, "seen")}
		or exists (select from mcp_servers
			where newest_report_id = seen.id and status = 'approved')
		or exists (select from report_decisions
			where report_id = seen.id and to_status = 'approved'))`;
}

/**
 * Selects a page of servers with their newest reports; everything else shown is read for these
 * alone.
 */
function serversInOrder(
	db: Database,
	{ status, limit, after }: ServerFilter,
	owner?: Owner,
	finding?: Finding,
) {
	const { piece, within } = finding ?? {};
	// A report's own time is the same, and found reports are sorted by it.
	const order = piece
		? (["submitted_at", "id"] as const)
		: (["newest_submitted_at", "newest_report_id"] as const);
	const servers = newestReports(db, piece ? finding : undefined)
		.innerJoin("mcp_servers", "newest_report_id", "report.id")
		.select(searchedColumns.map((column) => `report.${column}` as const))
		.select([
			"mcp_servers.canonical_key",
			"mcp_servers.subfolder_key",
			"mcp_servers.status as server_status",
			"live_report_id",
			"newest_submitted_at",
			"newest_report_id",
		])
		.$if(status !== "all", (query) =>
			query.where("mcp_servers.status", "=", status as Server["status"]),
		)
		.$if(owner !== undefined, (query) =>
			query.where((eb) =>
				eb.or([
					eb("mcp_servers.status", "=", "approved"),
					isOwnedBy(owner as Owner, "report"),
				]),
			),
		)
		.$if(after !== undefined, (query) =>
			// By the report itself: the server may have a newer one by now.
			query.where(
				sql<boolean>`(newest_submitted_at, newest_report_id) < (
					select seen.submitted_at, seen.id from mcp_server_reports as seen
					where seen.id = ${after} and ${owner ? isListed(owner) : sql`true`}
				)`,
			),
		)
		.$if(within !== undefined, (query) =>
			query
				.orderBy("newest_submitted_at", "desc")
				.orderBy("newest_report_id", "desc")
				.limit(within ?? 0),
		);
	const page = db
		.selectFrom(servers.as("found"))
		.selectAll()
		.$if(finding !== undefined && !piece, (query) =>
			query.where(holdsText(finding as Finding)),
		)
		.orderBy(order[0], "desc")
		.orderBy(order[1], "desc")
		.limit(limit);
	return db
		.selectFrom(page.as("server"))
		.orderBy(order[0], "desc")
		.orderBy(order[1], "desc");
}

const searchedColumns = [
	...summaryColumns,
	"owner_issuer",
	"owner_sub",
	"search_text",
] as const;

/** Selects the reports that servers are joined to: all, or those found. */
function newestReports(db: Database, finding?: Finding) {
	const all = db.selectFrom("mcp_server_reports as report");
	if (!finding) return all;
	const found = db
		.selectFrom("mcp_server_reports")
		.select(searchedColumns)
		.where(holdsText(finding))
		// Separated from the ordering, which would otherwise make the planner use an index for it.
		.offset(sql.lit(0));
	// Sorted before its servers are looked up: a page needs no more of them.
	const sorted = db
		.selectFrom(found.as("found"))
		.selectAll()
		.orderBy("submitted_at", "desc")
		.orderBy("id", "desc")
		.offset(sql.lit(0));
	return db.selectFrom(sorted.as("report")) as unknown as typeof all;
}
