import { type CompiledQuery, sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConfig } from "../src/config.ts";
import { type Database, openDatabase } from "../src/database.ts";
import { anybody, grant, type Identity, type Person } from "../src/identity.ts";
import type { ReportFilter } from "../src/queue/schema.ts";
import { createCaller } from "../src/router.ts";
import { makeDatabase, newReport, startService, submit } from "./helpers.ts";
import { seedReports, seedRevisions } from "./seed.ts";

/** Reports in the database, beside 200 revisions for one repository. */
const REPORTS = 60_000;
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
	db = plain.withPlugin({
		transformQuery({ node, queryId }) {
			issued.push(plain.getExecutor().compileQuery(node, queryId));
			return node;
		},
		transformResult: async ({ result }) => result,
	});
	await seedReports(db, REPORTS);
	await seedRevisions(db, "github.com/example/often-rejected", 200);
	await sql`vacuum analyze`.execute(db);
});

interface PlanNode {
	"Node Type": string;
	"Actual Rows": number;
	"Actual Loops": number;
	"Rows Removed by Filter"?: number;
	"Rows Removed by Index Recheck"?: number;
	"Relation Name"?: string;
	Output?: string[];
	Plans?: PlanNode[];
}

async function planOf(query: CompiledQuery): Promise<PlanNode[]> {
	const { rows } = await pool.query(
		`explain (analyze, verbose, format json) ${query.sql}`,
		[...query.parameters],
	);
	const flatten = (node: PlanNode): PlanNode[] => [
		node,
		...(node.Plans ?? []).flatMap(flatten),
	];
	return flatten(rows[0]["QUERY PLAN"][0].Plan);
}

const limit = 50;
const caller = (identity: Identity = anybody) =>
	createCaller({
		db,
		log: console,
		settings: parseConfig({}),
		requestId: "",
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
		for (const query of issued) await expectFromIndex(query);
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
		for (const query of issued) await expectFromIndex(query);
	},
);

test.each(
	(["newest", "waiting", "risk"] as const).flatMap((sort) =>
		statuses.map((status) => ({ sort, status })),
	),
)(
	"a developer's own reports are read from an index: $sort first, status $status",
	async ({ sort, status }) => {
		const developer: Person = {
			subject: "https://login.example.com 17",
			email: "Developer-17@example.com",
			name: null,
			roles: ["developer"],
		};
		const { reports } = caller({
			...developer,
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
			if (!query.sql.includes("report_counts")) await expectFromIndex(query);
		}
		expect(issued.length).toBeGreaterThan(2);
	},
);

async function expectFromIndex(query: CompiledQuery) {
	const nodes = await planOf(query);
	const scans = nodes.filter(
		(node) => / Scan$/.test(node["Node Type"]) && node["Relation Name"],
	);
	expect(scans.length).toBeGreaterThan(0);
	// A scan hands on its rows as they are; what is made of them shows what is read.
	for (const node of nodes.filter((node) => !scans.includes(node))) {
		expect(node.Output?.join() ?? "").not.toContain("report_data");
	}
	for (const scan of scans) {
		expect(scan["Node Type"]).toMatch(/^(Index|Index Only|Bitmap Heap) Scan$/);
		const read =
			(scan["Actual Rows"] +
				(scan["Rows Removed by Filter"] ?? 0) +
				(scan["Rows Removed by Index Recheck"] ?? 0)) *
			scan["Actual Loops"];
		// One in fifty: rare ones are found and sorted, and what is frequent may be
		// read in order, leaving out the few others.
		expect(read, JSON.stringify(scan)).toBeLessThanOrEqual(REPORTS / 50);
	}
}

test.each(Object.entries(orders))(
	"ten thousand reports are paged through without gaps or repeats while others are being submitted: %s first",
	async (sort, order) => {
		const service = await startService();
		await seedReports(service.db, 10_000);
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
			let next: string | undefined = `/api/v1/reports?limit=100&sort=${sort}`;
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
