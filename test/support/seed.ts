import { type RawBuilder, sql } from "kysely";
import type { Database } from "../../src/platform/postgres/database.ts";

/** Reports added by one statement: the service aborts a statement after ten seconds, even on a busy machine. */
const PORTION = 2_500;

/**
 * Adds reports of different repositories, as in a service after years: ten
 * share every instant, one in fifty is pending and the others are decided, two
 * in three of them as approved; one in a hundred is trifecta-complete, two in
 * five are free of errors, one in ninety-seven was never assessed. Names are
 * `mcp-<n>`, repositories `github.com/example/<n>`, and a thousand developers
 * take turns.
 *
 * @param options `from` the first number, for adding more later; `name` the
 *   prefix of names, instead of `mcp`
 */
export async function seedReports(
	db: Database,
	count: number,
	{ from = 1, name = "mcp" }: { from?: number; name?: string } = {},
): Promise<void> {
	for (let done = 0; done < count; done += PORTION) {
		await seedPortion(db, name, from + done, Math.min(PORTION, count - done));
	}
}

async function seedPortion(
	db: Database,
	name: string,
	from: number,
	count: number,
) {
	const keys = await keyColumns(db);
	await sql`
		insert into mcp_server_reports (server_name, repository_url, ${keys.columns}, revision,
			developer_email, report_data, content_sha256, status, submitted_at, reviewed_at, reviewed_by,
			assessment)
		select ${name}::text || '-' || n, 'https://github.com/example/' || n,
			${keys.of(sql`'github.com/example/' || n`)}, 1,
			'developer-' || n % 1000 || '@example.com',
			repeat('# Report ', 100), repeat('0', 64), status, submitted_at,
			case when status <> 'pending_review' then submitted_at + n % 100 * interval '1 hour' end,
			case when status <> 'pending_review' then 'Morgan' end,
			case when n % 97 <> 0 then ${assessment} end
		from generate_series(${from}::int, ${from + count - 1}::int) n,
			lateral (select
				case when n % 50 = 0 then 'pending_review' when n % 3 = 0 then 'rejected' else 'approved' end,
				'2025-01-01'::timestamptz + n / 10 * interval '1 minute',
				-- Spread evenly, and in step with nothing else.
				hashint4(n) & 127
			) s(status, submitted_at, chance)`.execute(db);
	await sql`
		insert into report_decisions (report_id, from_status, to_status, decided_by, decided_at)
		select id, 'pending_review', status, reviewed_by, reviewed_at from mcp_server_reports
		where status <> 'pending_review' and server_name like ${`${name}-%`}
			and substr(server_name, ${name.length + 2})::int >= ${from}
		order by reviewed_at`.execute(db);
}

/** Adds the approval of every approved report, as where people sign in. */
export async function seedApprovals(db: Database): Promise<void> {
	await sql`
		insert into report_approvals (report_id, round, approved_by, approver_subject)
		select id, 0, reviewed_by, 'https://id.example.com ' || reviewed_by
		from mcp_server_reports where status = 'approved'`.execute(db);
}

const assessment = sql`jsonb_build_object(
	'checklist_version', '1.0.0',
	'risk_level', case when chance < 4 then 'critical' when chance < 16 then 'high'
		when chance < 40 then 'unknown' when chance < 80 then 'medium' else 'low' end,
	'trifecta', jsonb_build_object('combination',
		case when chance = 0 then 'complete' when chance between 16 and 39 then 'unknown' else 'broken' end),
	'completeness', 50 + n % 51,
	'error_count', case when n % 5 < 2 then 0 else n % 7 + 1 end,
	'phases', jsonb_build_array(jsonb_build_object('checks', case when chance < 4
		then jsonb_build_array(jsonb_build_object('severity', 'critical', 'status', 'fail'))
		else '[]' end)),
	'findings', (
		select coalesce(jsonb_agg(jsonb_build_object('rule', 'rule-' || (hashint4(n * 31 + i) & 31))), '[]')
		from generate_series(1, n % 12) i
	))`;

/** Adds revisions of one repository, all rejected, within the time of the first thousands of `seedReports`. */
export async function seedRevisions(
	db: Database,
	repository: string,
	count: number,
): Promise<void> {
	const keys = await keyColumns(db);
	await sql`
		insert into mcp_server_reports (server_name, repository_url, ${keys.columns}, revision,
			developer_email, report_data, content_sha256, status, submitted_at, reviewed_at, reviewed_by)
		select 'mcp-rejected', 'https://' || ${repository}, ${keys.of(sql`${repository}::text`)}, n, 'alex@example.com',
			'# Report', repeat('0', 64), 'rejected',
			'2025-01-01'::timestamptz + n * interval '20 minutes', now(), 'Morgan'
		from generate_series(1, ${count}::int) n`.execute(db);
}

/** Returns the key columns of the database: a migration is tested with the rows from before it. */
async function keyColumns(db: Database) {
	const { rows } = await sql<{ name: string }>`
		select attname as name from pg_attribute
		where attrelid = 'mcp_server_reports'::regclass
			and attname in ('repository_key', 'canonical_key')`.execute(db);
	return {
		columns: sql.join(rows.map(({ name }) => sql.ref(name))),
		of: (key: RawBuilder<unknown>) => sql.join(rows.map(() => key)),
	};
}
