import { type CompiledQuery, sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConfig } from "../../src/core/config.ts";
import type { Role } from "../../src/core/words.ts";
import type { ReportFilter } from "../../src/features/queue/schema.ts";
import { anybody, grant, type Identity } from "../../src/identity/identity.ts";
import {
	type Database,
	openDatabase,
} from "../../src/platform/postgres/database.ts";
import { openWorkers } from "../../src/platform/workers/pool.ts";
import { createCaller } from "../../src/router.ts";
import {
	makeDatabase,
	newReport,
	startService,
	submit,
} from "../support/helpers.ts";
import { expectIndexScans, recordQueries } from "../support/plans.ts";
import { seedApprovals, seedReports, seedRevisions } from "../support/seed.ts";

/** Reports in the database, beside 200 revisions for one repository. */
const REPORTS = 60_000;
/** How many of them, the oldest, share a name that no other has. */
const LEGACY = 2000;
/**
 * One in fifty: rare ones are found and sorted, and what is frequent may be read
 * in order, leaving out the few others.
 */
const FEW = REPORTS / 50;
const repository_url = "https://github.com/example/often-rejected";

let db: Database;
let pool: pg.Pool;
/** Every query that was issued, as the code issued it. */
const issued: CompiledQuery[] = [];

beforeAll(async () => {
	const url = await makeDatabase(afterAll);
	const plain = openDatabase(url, { poolSize: 2, isPatient: true });
	pool = new pg.Pool({ connectionString: url });
	afterAll(async () => {
		await plain.destroy();
		await pool.end();
	});
	db = recordQueries(plain, issued);
	await seedReports(db, LEGACY, { name: "legacy" });
	await seedReports(db, REPORTS - LEGACY, { from: LEGACY + 1 });
	await seedRevisions(db, "github.com/example/often-rejected", 200);
	await seedApprovals(db);
	await sql`
		update mcp_server_reports set owner_issuer = 'https://login.example.com',
			owner_sub = substring(developer_email from 'developer-(.*)@')
		where developer_email like 'developer-17%'`.execute(plain);
	await sql`vacuum analyze`.execute(db);
}, 240_000);

const limit = 50;
const caller = (identity: Identity = anybody) =>
	createCaller({
		db,
		log: console,
		runTask: openWorkers(console).runnerFor("test"),
		settings: parseConfig({}),
		requestId: "",
		serviceRequestId: "",
		identity,
		refusal: undefined,
		facade: "rest",
		client: null,
		address: null,
	});

/** Filters, each with what it means in SQL. */
const kinds: [filter: Partial<ReportFilter>, condition: string][] = [
	[{}, "true"],
	[{ repository_url }, `repository_url = '${repository_url}'`],
	[{ risk_level: "critical" }, "risk_level = 'critical'"],
	[{ risk_level: "low" }, "risk_level = 'low'"],
	[{ has_errors: "true" }, "error_count > 0"],
	[{ has_errors: "false" }, "error_count = 0"],
	[{ trifecta: "complete" }, "trifecta = 'complete'"],
	[{ trifecta: "unknown" }, "trifecta = 'unknown'"],
	[{ search: "DEVELOPER-17@" }, "developer_email like 'developer-17@%'"],
	[{ search: "https://github.com" }, "true"],
];
const orders = {
	newest: "submitted_at desc, id desc",
	waiting: "submitted_at, id",
	risk: "array_position('{critical,high,unknown,medium,low}', risk_level), submitted_at, id",
};
const statuses = ["all", "pending_review", "approved", "rejected"] as const;
const variants = (["newest", "waiting", "risk"] as const).flatMap((sort) =>
	statuses.flatMap((status) =>
		kinds.map(([filter, condition]) => ({ sort, status, filter, condition })),
	),
);

test.each(variants)(
	"pages and neighbours are read from an index, and no report text: $sort first, status $status, $filter",
	async ({ sort, status, filter, condition }) => {
		const { rows } = await pool.query<{ id: string }>(
			`select id from mcp_server_reports
			where ($1 = 'all' or status = $1) and ${condition}
			order by ${orders[sort]}`,
			[status],
		);
		const ids = rows.map(({ id }) => id);
		const { list, neighbours } = caller().reports;
		issued.length = 0;

		const middle = Math.floor(ids.length / 2);
		for (const start of [0, middle, Math.max(0, ids.length - 3)]) {
			const after = ids[start - 1];
			const page = await list({ ...filter, status, sort, limit, after });
			expect(page.map(({ id }) => id)).toEqual(ids.slice(start, start + limit));
		}
		const id = ids[middle];
		if (id) {
			expect(await neighbours({ ...filter, status, sort, id })).toEqual({
				previous: ids[middle - 1] ?? null,
				next: ids[middle + 1] ?? null,
			});
		}

		expect(issued.length).toBeGreaterThan(2);
		for (const query of issued) await expectIndexScans(pool, query, FEW);
	},
);

test.each(
	statuses.flatMap((status) =>
		[undefined, "mcp-1717", "example.com"].map((search) => ({
			status,
			search,
		})),
	),
)(
	"a page of servers is read from an index: status $status, search $search",
	async ({ status, search }) => {
		const { list } = caller().servers;
		const { rows } = await pool.query<{ id: string }>(
			`select newest_report_id as id from mcp_servers
			where ($1 = 'all' or status = $1) order by newest_submitted_at desc`,
			[status],
		);
		issued.length = 0;
		await list({ status, search, limit });
		await list({ status, search, limit, after: rows[rows.length >> 1]?.id });
		expect(issued.length).toBeGreaterThan(1);
		for (const query of issued) await expectIndexScans(pool, query, FEW);
	},
);

test.each(
	(["newest", "waiting", "risk"] as const).flatMap((sort) =>
		statuses.map((status) => ({ sort, status })),
	),
)(
	"a developer's own reports are read from an index: $sort first, status $status",
	async ({ sort, status }) => {
		const developer = {
			kind: "person" as const,
			subject: "https://login.example.com 17",
			email: "Developer-17@example.com",
			email_canonical: "developer-17@example.com",
			name: null,
			roles: ["developer"] as Role[],
		};
		const { reports } = caller({
			...developer,
			kind: "person",
			method: "oidc",
			permissions: grant(developer),
		});
		const { rows } = await pool.query<{ id: string }>(
			`select id from mcp_server_reports
			where ($1 = 'all' or status = $1) and developer_email = 'developer-17@example.com'
			order by ${orders[sort]}`,
			[status],
		);
		const ids = rows.map(({ id }) => id);
		issued.length = 0;
		const page = await reports.list({ status, sort, limit });
		expect(page.map(({ id }) => id)).toEqual(ids.slice(0, limit));
		const { all } = await reports.counts({});
		expect(all).toBeGreaterThanOrEqual(ids.length);
		expect((await reports.newest()).pending_review).toBeLessThanOrEqual(all);
		const [id] = ids;
		if (id) await reports.neighbours({ id, status, sort });
		for (const query of issued) {
			if (!query.sql.includes("report_counts")) {
				await expectIndexScans(pool, query, FEW);
			}
		}
		expect(issued.length).toBeGreaterThan(2);
	},
);

test.each([
	["a few old reports share", "legacy-12"],
	["many reports share, and none of the newest", "Legacy"],
	["sixty reports of all times share", "developer-17@example.com"],
])(
	"a text that %s is found without reading all reports",
	async (_what, search) => {
		const { rows } = await pool.query<{ id: string }>(
			`select id from mcp_server_reports where search_text like $1
			order by submitted_at desc, id desc`,
			[`%${search.toLowerCase()}%`],
		);
		const ids = rows.map(({ id }) => id);
		const { reports, servers } = caller();
		issued.length = 0;

		const page = await reports.list({ search, limit });
		expect(page.map(({ id }) => id)).toEqual(ids.slice(0, limit));
		const after = ids[limit - 1];
		const next = await reports.list({ search, limit, after });
		expect(next.map(({ id }) => id)).toEqual(ids.slice(limit, 2 * limit));
		const [id = "", second = null] = ids;
		expect(await reports.neighbours({ search, id })).toEqual({
			previous: null,
			next: second,
		});
		expect((await reports.counts({ search })).all).toBe(ids.length);
		const catalogue = await servers.list({ search, limit });
		expect(catalogue.map(({ id }) => id)).toEqual(ids.slice(0, limit));

		for (const query of issued) {
			// A hundred pages, or what there is of them, before giving up reading in order.
			await expectIndexScans(
				pool,
				query,
				Math.max(100 * limit, 2 * ids.length),
			);
		}
	},
);

test("any part of what is searched is found, however common or short it is", async () => {
	const { rows: some } = await pool.query<{ search_text: string }>(
		"select search_text from mcp_server_reports order by hashtext(server_name) limit 80",
	);
	for (const [turn, { search_text }] of some.entries()) {
		const line = search_text.split("\n")[turn % 4] ?? "";
		const start = (turn * 7) % line.length;
		const search = line.slice(start, start + 1 + (turn % 13)).trim();
		const { rows } = await pool.query<{ id: string }>(
			`select id from mcp_server_reports where strpos(search_text, $1) > 0
			order by submitted_at desc, id desc limit $2`,
			[search, limit],
		);
		const page = await caller().reports.list({ search, limit });
		expect(
			page.map(({ id }) => id),
			search,
		).toEqual(rows.map(({ id }) => id));
	}
});

test.each(Object.entries(orders))(
	"thousands of reports are paged through without gaps or repeats while others are being submitted: %s first",
	async (sort, order) => {
		const service = await startService();
		await seedReports(service.db, 3_000);
		const { rows } = await sql<{ id: string }>`
			select id from mcp_server_reports order by ${sql.raw(order)}`.execute(
			service.db,
		);
		const there = rows.map(({ id }) => id);
		const address = await service.listen();

		let isReading = true;
		let submitted = 0;
		const writer = async () => {
			while (isReading) {
				await submit(service, newReport());
				submitted++;
			}
		};
		const writers = [writer(), writer(), writer()];
		const seen: string[] = [];
		let pages = 0;
		try {
			// So that some of what is being submitted precedes the first page.
			await submit(service);
			let next: string | undefined = `/api/v1/reports?limit=30&sort=${sort}`;
			while (next) {
				const answer: Response = await fetch(`${address}${next}`);
				expect(answer.status).toBe(200);
				const page = (await answer.json()) as { id: string }[];
				seen.push(...page.map(({ id }) => id));
				pages++;
				next = /<(.+)>; rel="next"/.exec(answer.headers.get("link") ?? "")?.[1];
			}
		} finally {
			isReading = false;
			await Promise.all(writers);
		}

		expect(submitted).toBeGreaterThan(10);
		expect(pages).toBeGreaterThanOrEqual(100);
		expect(new Set(seen).size).toBe(seen.length);
		// In order too: what was there at the start is read as it stood.
		const known = new Set(there);
		expect(seen.filter((id) => known.has(id))).toEqual(there);
	},
);
