import { sql } from "kysely";
import type { Database } from "../database.ts";
import type { ReportTotals } from "./schema.ts";

/** Counts every report once by status and once by risk, in one query: the sums always agree. */
export async function countReports(db: Database): Promise<ReportTotals> {
	const claimed = sql`lower(trim(coalesce(
		report_json #>> '{phase1_security,risk_level}',
		report_json #>> '{executive_summary,risk_level}'
	)))`;
	const { rows } = await sql<{ status: string; risk: string; count: number }>`
		select status, risk, count(*)::integer as count
		from (
			select status, case
				when risk_level <> 'unknown' then risk_level
				when ${claimed} in ('low', 'medium', 'high', 'critical') then ${claimed}
				else 'unknown'
			end as risk
			from mcp_server_reports
		) as judged
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
