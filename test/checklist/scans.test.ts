import type { InjectOptions } from "fastify";
import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openDatabase } from "../../src/platform/postgres/database.ts";
import {
	makeDatabase,
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";
import { seedApprovals, seedReports, seedRevisions } from "../support/seed.ts";

/** The tables that grow with what people do; to read one of them through takes ever longer. */
const growing = [
	"mcp_server_reports",
	"mcp_servers",
	"report_approvals",
	"report_decisions",
];

/** More than the five after which PostgreSQL may plan a statement for any values. */
const TIMES = 10;

let databaseUrl: string;
let pool: pg.Pool;
/** A report in the middle of time, and one that was submitted as people do. */
let middle: string;
let assessed: string;

beforeAll(async () => {
	databaseUrl = await makeDatabase(afterAll);
	pool = new pg.Pool({ connectionString: databaseUrl });
	const db = openDatabase(databaseUrl, { poolSize: 1, isPatient: true });
	afterAll(() => pool.end());
	await seedReports(db, 60_000);
	await seedRevisions(db, "github.com/example/often-rejected", 200);
	await seedApprovals(db);
	await sql`vacuum analyze`.execute(db);
	const { rows } = await sql<{ id: string }>`
		select id from mcp_server_reports where server_name = 'mcp-30001'`.execute(
		db,
	);
	middle = rows[0]?.id ?? "";
	await db.destroy();
	await withService(async (service) => {
		assessed = (await submit(service)).id;
	});
});

const list = "/api/v1/reports";
const get = (url: string): InjectOptions => ({ method: "GET", url });
const ask = (url: string, payload: object, method: "POST" | "PATCH") => ({
	method,
	url,
	payload,
});
const callTool = (name: string, args: object): InjectOptions => ({
	...ask(
		"/mcp",
		{
			jsonrpc: "2.0",
			id: 1,
			method: "tools/call",
			params: { name, arguments: args },
		},
		"POST",
	),
	headers: { accept: "application/json, text/event-stream" },
});
const batch = (name: string, input: object) =>
	get(
		`/trpc/${name}?batch=1&input=${encodeURIComponent(JSON.stringify({ 0: input }))}`,
	);
const page = (url: string): InjectOptions => ({
	...get(url),
	headers: { accept: "text/html" },
});

/** An id in letters that are small or capital by the bits of a number. */
function spell(id: string, bits: number): string {
	let at = 0;
	return id.replace(/[a-f]/g, (letter) =>
		(bits >> at++) & 1 ? letter.toUpperCase() : letter,
	);
}

/** What is asked, by what the address is made of: the ids are known later. */
const requests: [what: string, request: (turn: number) => InjectOptions][] = [
	...[
		"",
		"?status=pending_review",
		"?status=approved&sort=waiting",
		"?status=rejected&sort=risk",
		"?sort=risk",
		"?risk_level=critical",
		"?has_errors=true&status=pending_review",
		"?has_errors=false&sort=risk",
		"?trifecta=complete",
		"?repository_url=https://github.com/example/often-rejected",
		"?search=developer-17@",
		"?search=mcp-1717&status=approved",
		"?search=mcp-17&sort=risk",
		"?search=example.com",
		"?search=nowhere-to-be-found",
	].map((query): (typeof requests)[number] => [
		`a list${query}`,
		() => get(`${list}${query}`),
	]),
	...["", "&status=approved", "&sort=risk", "&search=mcp-171"].map(
		(query): (typeof requests)[number] => [
			`a page in the middle${query}`,
			() => get(`${list}?after=${middle}${query}`),
		],
	),
	["counts of a text", () => get(`${list}/counts?search=developer-17@`)],
	["news", () => get(`${list}/newest`)],
	// Never in the same words: an answer that is kept would not be looked for.
	["a report", (turn) => get(`${list}/${spell(middle, turn)}`)],
	["its assessment", () => get(`${list}/${assessed}/assessment`)],
	["its history", () => get(`${list}/${middle}/decisions`)],
	["its approvals", () => get(`${list}/${middle}/approvals`)],
	["its revisions", () => get(`${list}/${middle}/revisions`)],
	["its neighbours", () => get(`${list}/${middle}/neighbours?sort=risk`)],
	[
		"its neighbours in a search",
		() => get(`${list}/${middle}/neighbours?search=mcp-1717`),
	],
	["servers", () => get("/api/v1/servers")],
	["summary", () => get(`${list}/analytics/summary`)],
	["risks", () => get(`${list}/analytics/risk-distribution`)],
	["servers by name", () => get("/api/v1/servers?search=mcp-1717")],
	["a report over tRPC", () => batch("reports.get", { id: middle })],
	["a list over tRPC", () => batch("reports.list", { limit: 50 })],
	["servers over MCP", () => callTool("list_servers", { limit: 50 })],
	["the queue page", () => page("/")],
	["the queue page of a search", () => page("/?search=mcp-1717&status=all")],
	["a report's page", () => page(`/reports/${assessed}?search=mcp-3000`)],
	["the servers' page", () => page("/servers")],
	["a submission", () => ask(list, newReport(), "POST")],
	[
		"a decision",
		(turn) =>
			ask(
				`${list}/${assessed}/status`,
				{
					status: turn % 2 === 0 ? "rejected" : "pending_review",
					reviewed_by: "platform@example.com",
					review_notes: "Because.",
				},
				"PATCH",
			),
	],
];

test.each(requests)(
	"among 60,000 reports no table is read through for %s, however often it is asked",
	async (_what, request) => {
		const before = await countScans();
		await withService(async (service) => {
			for (let turn = 0; turn < TIMES; turn += 1) {
				const { status, body } = await service.ask(request(turn));
				expect([200, 201], JSON.stringify(body).slice(0, 300)).toContain(
					status,
				);
			}
		});
		const after = await countScans();
		expect(after.sequential).toEqual(before.sequential);
		expect(after.index).toBeGreaterThanOrEqual(before.index + TIMES);
	},
);

/** Has a service until all of its connections are closed: then PostgreSQL has counted what they scanned. */
async function withService(use: (service: TestService) => Promise<void>) {
	const ends: (() => Promise<void>)[] = [];
	const service = await startService((end) => ends.push(end), { databaseUrl });
	try {
		await use(service);
	} finally {
		for (const end of ends) await end();
	}
	await vi.waitFor(async () => {
		const { rows } = await pool.query(
			`select from pg_stat_activity
			where datname = current_database() and application_name = 'mcp-go-live'`,
		);
		expect(rows).toHaveLength(0);
	});
}

async function countScans() {
	const { rows } = await pool.query<{
		relname: string;
		seq_scan: string;
		idx_scan: string;
	}>(
		`select relname, seq_scan, idx_scan from pg_stat_user_tables
		where relname = any ($1) order by relname`,
		[growing],
	);
	return {
		sequential: rows.map(({ relname, seq_scan }) => `${relname}: ${seq_scan}`),
		index: rows.reduce((sum, { idx_scan }) => sum + Number(idx_scan), 0),
	};
}
