import { type RawBuilder, sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { migrationTables } from "../../src/platform/postgres/migrations.ts";
import type { ReportsTable } from "../../src/platform/postgres/tables.ts";
import {
	decide,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";

let service: TestService;

beforeAll(async () => {
	service = await startService(afterAll);
});

/** What PostgreSQL says to a statement that it must refuse: SQLSTATE and constraint. */
async function refusalOf(statement: RawBuilder<unknown>) {
	return statement.execute(service.db).then(
		() => "accepted",
		({ code, constraint }: { code: string; constraint?: string }) =>
			constraint ?? code,
	);
}

/** SQLSTATE restrict_violation, which our triggers raise. */
const REFUSED = "23001";

const changes: Record<string, RawBuilder<unknown>> = {
	id: sql`gen_random_uuid()`,
	server_name: sql`'other'`,
	repository_url: sql`'https://github.com/example/other'`,
	repository_key: sql`'github.com/example/other'`,
	revision: sql`revision + 1`,
	developer_email: sql`'other@example.com'`,
	report_data: sql`report_data || ' '`,
	report_json: sql`'{"changed": true}'`,
	content_sha256: sql`repeat('0', 64)`,
	submitted_at: sql`now()`,
	subfolder: sql`null`,
	subfolder_key: sql`''`,
	beside_live_report: sql`true`,
	submitter_canonical: sql`'other@example.com'`,
} satisfies Partial<Record<keyof ReportsTable, RawBuilder<unknown>>>;

test.each(Object.keys(changes))(
	"what was submitted as %s can never be changed",
	async (column) => {
		const { id } = await submit(service);
		expect(
			await refusalOf(
				sql`update mcp_server_reports set ${sql.ref(column)} = ${changes[column]} where id = ${id}`,
			),
		).toBe(REFUSED);
	},
);

test("every column of a report is either protected, part of its review, or computed from it", async () => {
	const { rows } = await sql<{ name: string }>`
		select column_name as name from information_schema.columns
		where table_name = 'mcp_server_reports' and is_generated = 'NEVER'`.execute(
		service.db,
	);
	const ofOwner = ["owner_issuer", "owner_sub", "claimed_at"];
	const ofReview = [
		"status",
		"reviewed_at",
		"reviewed_by",
		"review_notes",
		"approvals",
		"approvals_required",
		"decision_count",
	];
	expect(rows.map(({ name }) => name).sort()).toEqual(
		[
			...[...Object.keys(changes), ...ofOwner, ...ofReview],
			// What an address means is known better with time.
			...["canonical_key", "assessment"],
		].sort(),
	);
});

test("a report gets an owner once, whole, and keeps it", async () => {
	const { id } = await submit(service);
	const set = (changes: string) =>
		refusalOf(
			sql`update mcp_server_reports set ${sql.raw(changes)} where id = ${id}`,
		);
	expect(await set("owner_issuer = 'https://login.example.com'")).toBe(
		"reports_owner_is_whole",
	);
	expect(await set("claimed_at = now()")).toBe("reports_claimed_by_somebody");
	const whole = "owner_issuer = 'https://login.example.com', owner_sub = '1'";
	expect(await set(whole)).toBe("accepted");
	for (const change of [
		whole,
		"owner_sub = '2'",
		"owner_issuer = null, owner_sub = null",
		"claimed_at = now()",
	]) {
		expect(await set(change), change).toBe(REFUSED);
	}
});

test.each([
	"delete from mcp_server_reports",
	"truncate mcp_server_reports",
	"truncate mcp_server_reports cascade",
	"update report_decisions set notes = 'never said'",
	"delete from report_decisions",
	"truncate report_decisions",
])("history cannot be rewritten: %s", async (statement) => {
	const { id } = await submit(service);
	await decide(service, id, "approved");
	const refusal = await refusalOf(sql.raw(statement));
	// TRUNCATE without CASCADE fails earlier, on the foreign key (feature_not_supported).
	const expected =
		statement === "truncate mcp_server_reports" ? "0A000" : REFUSED;
	expect(refusal).toBe(expected);
	const { body } = await service.ask({
		url: `/api/v1/reports/${id}/decisions`,
	});
	expect(body).toHaveLength(1);
});

/** A row as the service would store it, with some values changed. */
function insertion(values: Record<string, unknown>) {
	const row = {
		server_name: "mcp-example",
		repository_url: "https://github.com/example/one",
		repository_key: `example.com/${crypto.randomUUID()}`,
		revision: 1,
		developer_email: "alex@example.com",
		report_data: "# Report",
		content_sha256: "0".repeat(64),
		...values,
	};
	return sql`insert into mcp_server_reports (${sql.join(Object.keys(row).map((name) => sql.ref(name)))})
		values (${sql.join(Object.values(row))})`;
}

const reviewed = { reviewed_at: "2025-10-20T12:00:00Z", reviewed_by: "Morgan" };

test.each([
	[{}, "accepted"],
	[{ status: "rejected", ...reviewed }, "accepted"],
	[{ report_json: '{"a": 1}' }, "accepted"],
	[{ status: "archived", ...reviewed }, "reports_status_known"],
	[{ status: "approved" }, "reports_review_matches_status"],
	[
		{ status: "approved", reviewed_by: "Morgan" },
		"reports_review_matches_status",
	],
	[
		{ status: "rejected", reviewed_at: "2025-10-20T12:00:00Z" },
		"reports_review_matches_status",
	],
	[{ review_notes: "too early" }, "reports_review_matches_status"],
	[reviewed, "reports_review_matches_status"],
	[{ report_json: "[1]" }, "reports_json_is_object"],
	[{ report_json: '"text"' }, "reports_json_is_object"],
	[{ report_json: "null" }, "reports_json_is_object"],
	[{ revision: 0 }, "reports_revision_counts_from_one"],
])("the database answers a row with %j: %s", async (values, expected) => {
	expect(await refusalOf(insertion(values))).toBe(expected);
});

test("the database keeps one live report per repository, and each revision once", async () => {
	const repository_key = "example.com/contested";
	const insert = (values: object) =>
		refusalOf(insertion({ repository_key, ...values }));
	expect(await insert({ status: "rejected", ...reviewed })).toBe("accepted");
	expect(await insert({ revision: 2 })).toBe("accepted");
	const oneLive = "reports_one_live_per_server";
	expect(await insert({ revision: 3 })).toBe(oneLive);
	expect(await insert({ revision: 3, status: "approved", ...reviewed })).toBe(
		oneLive,
	);
	expect(await insert({ revision: 2, status: "rejected", ...reviewed })).toBe(
		"reports_repository_revision_unique",
	);
	expect(await insert({ revision: 3, status: "rejected", ...reviewed })).toBe(
		"accepted",
	);
});

test("a decision belongs to a report, and changes its status to another known one", async () => {
	const { id } = await submit(service);
	const insert = (report: string, from: string, to: string) =>
		refusalOf(sql`insert into report_decisions (report_id, from_status, to_status, decided_by)
			values (${report}, ${from}, ${to}, 'Morgan')`);
	expect(await insert(crypto.randomUUID(), "pending_review", "approved")).toBe(
		"decisions_report_exists",
	);
	expect(await insert(id, "approved", "approved")).toBe(
		"decisions_change_something",
	);
	expect(await insert(id, "draft", "approved")).toBe("decisions_from_known");
	expect(await insert(id, "approved", "gone")).toBe("decisions_to_known");
});

test("every constraint and index has a name of its own, not one PostgreSQL made up", async () => {
	// What PostgreSQL makes up starts with the table's name.
	const { rows } = await sql<{ table: string; name: string }>`
		select relname as table, conname as name from pg_constraint
		join pg_class on pg_class.oid = conrelid
		where connamespace = 'public'::regnamespace and contype <> 'n'
		union
		select relname, indexrelid::regclass::text from pg_index
		join pg_class on pg_class.oid = indrelid
		where relnamespace = 'public'::regnamespace`.execute(service.db);
	const own = rows.filter(
		({ table }) => !(migrationTables as readonly string[]).includes(table),
	);
	expect(own.length).toBeGreaterThan(10);
	for (const { table, name } of own) {
		expect(name.startsWith(`${table}_`), name).toBe(false);
	}
});
