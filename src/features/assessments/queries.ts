import { sql } from "kysely";
import type { Assessment } from "../../checklist/assessment-schema.ts";
import type { Database } from "../../platform/postgres/database.ts";
import type { ReportsTable } from "../../platform/postgres/tables.ts";

const assessedColumns = [
	"id",
	"server_name",
	"repository_url",
	"developer_email",
	"report_data",
	"report_json",
	"assessment",
	"critical_failures",
	"critical_unanswered",
	"trifecta",
] as const satisfies (keyof ReportsTable)[];

/** Reads the input of an assessment, and the previous result. */
export async function findAssessed(db: Database, id: string) {
	return db
		.selectFrom("mcp_server_reports")
		.select(assessedColumns)
		.where("id", "=", id)
		.executeTakeFirst();
}

/**
 * Lists reports to be assessed again, in the order of their ids.
 *
 * @param options `after` the last id seen; without `all`, only reports without an assessment or
 * with one by another version of the checklist
 */
export async function listToAssess(
	db: Database,
	options: { after?: string; all: boolean; version: string; limit: number },
) {
	let query = db
		.selectFrom("mcp_server_reports")
		.select(assessedColumns)
		.orderBy("id")
		.limit(options.limit);
	if (options.after) query = query.where("id", ">", options.after);
	if (!options.all) {
		query = query.where(
			sql<boolean>`checklist_version is distinct from ${options.version}`,
		);
	}
	return query.execute();
}

/** Counts the reports that `listToAssess` goes through. */
export async function countToAssess(
	db: Database,
	options: { all: boolean; version: string },
): Promise<number> {
	const { count } = await db
		.selectFrom("mcp_server_reports")
		.select(sql<number>`count(*)::integer`.as("count"))
		.$if(!options.all, (query) =>
			query.where(
				sql<boolean>`checklist_version is distinct from ${options.version}`,
			),
		)
		.executeTakeFirstOrThrow();
	return count;
}

/**
 * Stores an assessment.
 *
 * @param required how many reviewers the report requires after this assessment; a pending report
 * keeps a higher number from before. `null` where nobody signs in
 */
export async function storeAssessment(
	db: Database,
	id: string,
	assessment: Assessment,
	required: number | null,
): Promise<void> {
	await db
		.updateTable("mcp_server_reports")
		.set({
			assessment: JSON.stringify(assessment),
			approvals_required: sql<number | null>`case status
				when 'pending_review' then greatest(approvals_required, ${required}::integer)
				else approvals_required
			end`,
		})
		.where("id", "=", id)
		.execute();
}
