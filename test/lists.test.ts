import { type CompiledQuery, sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Database, openDatabase } from "../src/database.ts";
import { createCaller } from "../src/router.ts";
import { makeDatabase, newReport, startService, submit } from "./helpers.ts";

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
	await seed(db, REPORTS);
	await sql`
		insert into mcp_server_reports (server_name, repository_url, repository_key, revision,
			developer_email, report_data, content_sha256, status, submitted_at, reviewed_at, reviewed_by)
		select 'mcp-rejected', ${repository_url}, 'github.com/example/often-rejected', n, 'alex@example.com',
			'# Report', repeat('0', 64), 'rejected', 
			'2025-01-01'::timestamptz + n * interval '20 minutes', now(), 'Morgan'
		from generate_series(1, 200) n`.execute(db);
	await sql`analyze mcp_server_reports`.execute(db);
});

/** Reports of different repositories, ten of which share every instant; one in fifty is pending. */
async function seed(db: Database, count: number) {
	await sql`
		insert into mcp_server_reports (server_name, repository_url, repository_key, revision,
			developer_email, report_data, content_sha256, status, submitted_at, reviewed_at, reviewed_by)
		select 'mcp-' || n, 'https://github.com/example/' || n, 'github.com/example/' || n, 1,
			'alex@example.com', repeat('# Report ', 100), repeat('0', 64), status,
			'2025-01-01'::timestamptz + n / 10 * interval '1 minute',
			case when status <> 'pending_review' then now() end,
			case when status <> 'pending_review' then 'Morgan' end
		from generate_series(1, ${count}::int) n,
			lateral (select case when n % 50 = 0 then 'pending_review' when n % 3 = 0 then 'rejected' else 'approved' end) s(status)`.execute(
		db,
	);
}

interface PlanNode {
	"Node Type": string;
	"Actual Rows": number;
	"Actual Loops": number;
	"Rows Removed by Filter"?: number;
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
const statuses = ["all", "pending_review", "approved", "rejected"] as const;
const variants = statuses.flatMap((status) =>
	[undefined, repository_url].flatMap((url) =>
		["first", "middle", "last"].map((page) => ({ status, url, page })),
	),
);

test.each(variants)(
	"a list reads one page from an index and no report text: status $status, repository $url, $page page",
	async ({ status, url, page }) => {
		const { list } = createCaller({
			db,
			log: console,
			settings: { requireCompleteReport: false },
			requestId: "",
		}).reports;
		const after = await seenBefore(page, status, url);
		issued.length = 0;
		await list({ status, limit, repository_url: url, after });
		expect(issued.length).toBeGreaterThan(0);
		for (const query of issued) {
			const nodes = await planOf(query);
			const scans = nodes.filter((node) => / Scan$/.test(node["Node Type"]));
			expect(scans.length).toBeGreaterThan(0);
			for (const node of nodes) {
				expect(node.Output?.join() ?? "").not.toContain("report_data");
			}
			for (const scan of scans) {
				expect(scan["Node Type"]).toMatch(/^Index (Only )?Scan$/);
				const read =
					(scan["Actual Rows"] + (scan["Rows Removed by Filter"] ?? 0)) *
					scan["Actual Loops"];
				// For a status that most reports have, PostgreSQL may read all in order and leave out the few others.
				expect(read).toBeLessThanOrEqual(5 * limit);
			}
			expect(nodes.map((node) => node["Node Type"]).join()).not.toContain(
				"Sort",
			);
		}
	},
);

/** The row that a reader of this list has seen last, before the page that is asked for. */
async function seenBefore(page: string, status: string, url?: string) {
	if (page === "first") return undefined;
	const { rows } = await pool.query<{ id: string }>(
		`select id from mcp_server_reports
		where ($1 = 'all' or status = $1) and ($2::text is null or repository_url = $2)
		order by submitted_at desc, id desc`,
		[status, url],
	);
	return rows.at(page === "middle" ? rows.length / 2 : -3)?.id;
}

test("ten thousand reports are paged through without gaps or repeats while others are being submitted", async () => {
	const service = await startService();
	await seed(service.db, 10_000);
	const { rows } = await sql<{ id: string }>`
		select id from mcp_server_reports order by submitted_at desc, id desc`.execute(
		service.db,
	);
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
		let next: string | undefined = "/api/v1/reports?limit=100";
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
	// In order too: what was there at the start is the end of what was read.
	expect(seen.slice(-rows.length)).toEqual(rows.map(({ id }) => id));
});
