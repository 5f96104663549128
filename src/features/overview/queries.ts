import { sql } from "kysely";
import type { Database } from "../../platform/postgres/database.ts";
import type { Overview } from "./schema.ts";

/** A number of days until now, divided into steps. */
export interface Span {
	days: number;
	step: Overview["step"];
}

/** The start of a window: the step (or another unit) that contains its first day. */
const startOf = ({ days }: Span, unit: "day" | "week" | "month") =>
	sql`date_trunc(${sql.lit(unit)}, now() - make_interval(days => ${days}::int - 1), 'UTC')`;

/**
 * Counts the reports pending at the end of each step: the current number, minus later arrivals,
 * plus later departures. So only the window is read, however long the history before it.
 */
export async function listPending(
	db: Database,
	span: Span,
): Promise<Overview["pending_over_time"]> {
	const start = startOf(span, span.step);
	const step = sql.lit(span.step);
	const { rows } = await sql<Overview["pending_over_time"][number]>`
		with change as (
			select date_trunc(${step}, submitted_at, 'UTC') as at, count(*) as pending
			from mcp_server_reports
			where submitted_at >= ${start}
			group by 1
			union all
			select date_trunc(${step}, decided_at, 'UTC'),
				sum(case 'pending_review' when from_status then -1 when to_status then 1 else 0 end)
			from report_decisions
			where decided_at >= ${start}
			group by 1
			union all
			select generate_series(${start}, now(), ${`1 ${span.step}`}::interval), 0
		), now_pending as (
			select coalesce(sum(reports), 0) as reports
			from report_counts where status = 'pending_review'
		)
		select to_char(at at time zone 'UTC', 'YYYY-MM-DD') as day,
			((select reports from now_pending) - coalesce(sum(sum(pending)) over later, 0))::integer
				as pending_review
		from change
		group by at
		window later as (order by at desc rows between unbounded preceding and 1 preceding)
		order by at`.execute(db);
	return rows;
}

/**
 * Measures the hours from submission to first decision, for reports first decided in the window.
 */
export async function measureDecisions(
	db: Database,
	span: Span,
): Promise<Overview["time_to_decision"]> {
	const { rows } = await sql<Overview["time_to_decision"]>`
		select count(*)::integer as decided,
			round(percentile_cont(0.5) within group (order by hours)::numeric, 2)::float8 as median_hours,
			round(percentile_cont(0.9) within group (order by hours)::numeric, 2)::float8 as p90_hours
		from (
			select (extract(epoch from decided_at - submitted_at) / 3600)::float8 as hours
			from report_decisions as decision
			join mcp_server_reports as report on report.id = report_id
			where decided_at >= ${startOf(span, "day")}
				and not exists (
					select from report_decisions as earlier
					where earlier.report_id = decision.report_id and earlier.id < decision.id
				)
		) as first_decision`.execute(db);
	return rows[0] ?? { decided: 0, median_hours: null, p90_hours: null };
}

/** Counts the decisions of each month. */
export async function countOutcomes(
	db: Database,
	span: Span,
): Promise<Overview["outcomes_by_month"]> {
	const start = startOf(span, "month");
	const { rows } = await sql<Overview["outcomes_by_month"][number]>`
		select to_char(month at time zone 'UTC', 'YYYY-MM') as month,
			coalesce(sum(decisions) filter (where to_status = 'approved'), 0)::integer as approved,
			coalesce(sum(decisions) filter (where to_status = 'rejected'), 0)::integer as rejected,
			coalesce(sum(decisions) filter (where to_status = 'pending_review'), 0)::integer as reopened
		from generate_series(${start}, now(), interval '1 month') as month
		left join (
			select date_trunc('month', decided_at, 'UTC') as month, to_status, count(*) as decisions
			from report_decisions
			where decided_at >= ${start}
			group by 1, 2
		) as decided using (month)
		group by month
		order by month`.execute(db);
	return rows;
}

/** Counts the reports submitted in the window by risk, using the indexed rank. */
export async function countRisks(
	db: Database,
	span: Span,
): Promise<Overview["risk_distribution"]> {
	const { rows } = await sql<Overview["risk_distribution"]>`
		select
			coalesce(sum(reports) filter (where risk_rank = 1), 0)::integer as critical,
			coalesce(sum(reports) filter (where risk_rank = 2), 0)::integer as high,
			coalesce(sum(reports) filter (where risk_rank = 3), 0)::integer as unknown,
			coalesce(sum(reports) filter (where risk_rank = 4), 0)::integer as medium,
			coalesce(sum(reports) filter (where risk_rank = 5), 0)::integer as low
		from (
			select risk_rank, count(*) as reports from mcp_server_reports
			where submitted_at >= ${startOf(span, "day")}
			group by risk_rank
		) as counted`.execute(db);
	const [counted] = rows;
	if (!counted) throw new Error("an aggregate without groups has one row");
	return counted;
}

/**
 * Lists the rules with findings in the most reports of the window. Reads the reports' own rows: a
 * million take about two seconds, the usual window a tenth of that, and no extra data has to be
 * maintained.
 */
export async function listFrequentFindings(
	db: Database,
	span: Span,
): Promise<Overview["frequent_findings"]> {
	const { rows } = await sql<Overview["frequent_findings"][number]>`
		select rule, count(*)::integer as reports
		from mcp_server_reports, unnest(finding_rules) as rule
		where submitted_at >= ${startOf(span, "day")}
		group by rule
		order by reports desc, rule
		limit 20`.execute(db);
	return rows;
}
