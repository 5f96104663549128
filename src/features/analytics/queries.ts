import { sql } from "kysely";
import type { Database } from "../../platform/postgres/database.ts";
import type { ReportTotals } from "./schema.ts";

/**
 * Counts every report once by status and once by risk, in one query, so that the sums always agree.
 * Triggers maintain the numbers; the query reads only reports of unknown risk, for the risk that
 * their submitter claims.
 */
export async function countReports(db: Database): Promise<ReportTotals> {
	const claimed = sql`lower(trim(coalesce(
		report_json #>> '{phase1_security,risk_level}',
		report_json #>> '{executive_summary,risk_level}'
	)))`;
	const { rows } = await sql<{ status: string; risk: string; count: number }>`
		with claim as (
			select status, ${claimed} as risk, count(*) as reports
			from mcp_server_reports
			where risk_rank = 3 and report_json is not null
			group by 1, 2
		)
		select status, risk, sum(reports)::integer as count
		from (
			select status, risk_level as risk, reports from report_counts
			union all
			select status, risk, reports from claim where risk in ('low', 'medium', 'high', 'critical')
			union all
			select status, 'unknown', -reports from claim where risk in ('low', 'medium', 'high', 'critical')
		) as counted
		group by status, risk`.execute(db);
	const sum = (field: "status" | "risk", value: string) =>
		rows
			.filter((row) => row[field] === value)
			.reduce((total, row) => total + row.count, 0);
	return {
		total: rows.reduce((total, row) => total + row.count, 0),
		by_status: {
			pending_review: sum("status", "pending_review"),
			approved: sum("status", "approved"),
			rejected: sum("status", "rejected"),
		},
		by_risk: {
			low: sum("risk", "low"),
			medium: sum("risk", "medium"),
			high: sum("risk", "high"),
			critical: sum("risk", "critical"),
			unknown: sum("risk", "unknown"),
		},
	};
}
