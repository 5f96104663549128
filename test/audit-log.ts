import { sql } from "kysely";
import type { Database } from "../src/database.ts";

/** Rows a statement appends at a time: each makes another version of the head, which the next has to pass over. */
const PORTION = 250;

/** Appends rows of every shape, through the trigger that chains them. */
export async function seedAuditLog(db: Database, rows: number): Promise<void> {
	for (let from = 1; from <= rows; from += PORTION) {
		const to = Math.min(from + PORTION - 1, rows);
		await sql`
			insert into audit_log (actor, actor_subject, method, facade, client, action, report_id, target, before, after, request_id, address)
			select 'person-' || n % 100 || '@example.com',
				case when n % 2 = 0 then 'https://login.example.com ' || n % 100 end,
				case when n % 2 = 0 then 'oidc' else 'none' end,
				(array['rest', 'trpc', 'mcp', 'web', 'command_line'])[1 + n % 5],
				case when n % 3 = 0 then 'claude-code/2.1.0' end,
				(array['report_submitted', 'report_approved', 'signed_in'])[1 + n % 3],
				case when n % 3 < 2 then gen_random_uuid() end,
				case when n % 3 = 2 then 'a "target" with \\ and ' || chr(10) || chr(127) || chr(8232) || ' 😀 ø' end,
				case when n % 3 = 1 then '{"status": "pending_review"}'::jsonb end,
				case when n % 3 < 2 then jsonb_build_object('status', 'approved', 'n', n::text, 'nested', '{"a":1}', 'ø', chr(1)) end,
				'request-' || n,
				case when n % 4 > 0 then '192.0.2.' || n % 256 end
			from generate_series(${from}::int, ${to}::int) as n`.execute(db);
	}
}
