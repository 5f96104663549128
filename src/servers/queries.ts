import { sql } from "kysely";
import type { Database } from "../database.ts";
import { holdsText } from "../queue/queries.ts";
import { isOwnedBy, type Owner, summaryColumns } from "../reports/queries.ts";
import type { Server, ServerFilter } from "./schema.ts";

/**
 * A page of servers, those with the newest report first; it starts after the one the caller saw last.
 *
 * @param owner if given, only approved servers and those whose newest report is
 *   this one's, and notes on own reports alone
 */
export async function listServers(
	db: Database,
	{ status, search, limit, after }: ServerFilter,
	owner?: Owner,
): Promise<Server[]> {
	const notes = owner
		? sql<
				string | null
			>`case when ${isOwnedBy(owner, "decided.owner_key")} then notes end`
		: sql<string | null>`notes`;
	const page = await db
		.selectFrom("mcp_servers as server")
		.innerJoin(
			"mcp_server_reports as report",
			"report.id",
			"server.newest_report_id",
		)
		.leftJoinLateral(
			(eb) =>
				eb
					.selectFrom("mcp_server_reports as decided")
					.innerJoin("report_decisions as decision", (join) =>
						join.onRef("decision.report_id", "=", "decided.id"),
					)
					.whereRef("decided.repository_key", "=", "server.repository_key")
					.orderBy("decision.id", "desc")
					.limit(1)
					.select([
						"report_id",
						"from_status",
						"to_status",
						"decided_by",
						"decided_at",
					])
					.select(notes.as("notes"))
					.as("last"),
			(join) => join.onTrue(),
		)
		.select(summaryColumns.map((column) => `report.${column}` as const))
		.select([
			"server.repository_key",
			"server.status as server_status",
			"server.live_report_id",
			"last.report_id",
			"last.from_status",
			"last.to_status",
			"last.decided_by",
			"last.notes",
			"last.decided_at",
		])
		.$if(status !== "all", (query) =>
			query.where("server.status", "=", status as Server["status"]),
		)
		.$if(owner !== undefined, (query) =>
			query.where((eb) =>
				eb.or([
					eb("server.status", "=", "approved"),
					isOwnedBy(owner as Owner, "report.owner_key"),
				]),
			),
		)
		.$if(Boolean(search), (query) => query.where(holdsText(search ?? "")))
		.$if(after !== undefined, (query) =>
			// By the report itself: the server may have a newer one meanwhile.
			query.where(
				sql<boolean>`(newest_submitted_at, newest_report_id) < (
					select seen.submitted_at, seen.id from mcp_server_reports as seen where seen.id = ${after}
				)`,
			),
		)
		.orderBy("newest_submitted_at", "desc")
		.orderBy("newest_report_id", "desc")
		.limit(limit)
		.execute();
	return page.map(
		({
			report_id,
			from_status,
			to_status,
			decided_by,
			notes,
			decided_at,
			...server
		}) => ({
			...server,
			last_decision:
				report_id && from_status && to_status && decided_by && decided_at
					? { report_id, from_status, to_status, decided_by, notes, decided_at }
					: null,
		}),
	);
}
