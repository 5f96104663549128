import { readdir, readFile } from "node:fs/promises";
import { sql } from "kysely";
import { onTestFinished } from "vitest";
import {
	type Database,
	openDatabase,
} from "../../src/platform/postgres/database.ts";
import { makeDatabase } from "./helpers.ts";

const folder = new URL("../../db/migrations/", import.meta.url);

/** Creates an empty database as it was before this migration; the remaining ones can be applied later. */
export async function migrateUpTo(migration: string): Promise<Database> {
	const url = await makeDatabase(onTestFinished, { isMigrated: false });
	const db = openDatabase(url, { poolSize: 2 });
	onTestFinished(() => db.destroy());
	const names = (await readdir(folder))
		.map((file) => file.replace(".sql", ""))
		.filter((name) => name < migration)
		.sort();
	await sql`create table schema_migrations (name varchar(255) primary key, timestamp varchar(255) not null)`.execute(
		db,
	);
	for (const name of names) {
		const file = new URL(`${name}.sql`, folder);
		await sql.raw(await readFile(file, "utf8")).execute(db);
		await sql`insert into schema_migrations values (${name}, '2026-01-01')`.execute(
			db,
		);
	}
	return db;
}

/** Rows appended by one statement: each creates another version of the head, which the next has to skip. */
const PORTION = 250;

/** Appends rows of every shape that this version of the database has, through the trigger that chains them. */
export async function seedAuditLog(db: Database, rows: number): Promise<void> {
	const { rows: columns } = await sql`
		select from information_schema.columns
		where table_name = 'audit_log' and column_name = 'service_request_id'`.execute(
		db,
	);
	const isOld = columns.length === 0;
	for (let from = 1; from <= rows; from += PORTION) {
		const to = Math.min(from + PORTION - 1, rows);
		await sql`
			insert into audit_log (actor, actor_subject, method, facade, client, action, report_id, target, before, after, request_id, address${isOld ? sql`` : sql`, service_request_id`})
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
				case when n % 4 > 0 then '192.0.2.' || n % 256 end${isOld ? sql`` : sql`, gen_random_uuid()::text`}
			from generate_series(${from}::int, ${to}::int) as n`.execute(db);
	}
}
