import type { Database } from "../database.ts";
import { isOwnedBy, type Owner } from "../reports/owner.ts";
import { summaryColumns } from "../reports/queries.ts";
import type { Decision, Revision } from "./schema.ts";

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
 * @param owner only this one's, if given
 */
export async function listRevisions(
	db: Database,
	id: string,
	owner?: Owner,
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
		.$if(owner !== undefined, (query) => query.where(isOwnedBy(owner as Owner)))
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
