import { sql } from "kysely";
import {
	afterAll,
	beforeAll,
	describe,
	expect,
	onTestFinished,
	test,
} from "vitest";
import { listReports } from "../../src/features/queue/queries.ts";
import { ReportFilter } from "../../src/features/queue/schema.ts";
import { openDatabase } from "../../src/platform/postgres/database.ts";
import {
	decide,
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";
import { seedReports } from "../support/seed.ts";

/** A service with three thousand reports of all kinds, for reading only. */
let seeded: TestService;
beforeAll(async () => {
	seeded = await startService(afterAll);
	await seedReports(seeded.db, 3_000);
});

const ids = (rows: { id: string }[]) => rows.map(({ id }) => id);

async function readAll(service: TestService, query: string) {
	const rows: Record<string, unknown>[] = [];
	let next: string | undefined = `/api/v1/reports?limit=200&${query}`;
	while (next) {
		const { status, headers, body } = await service.ask({ url: next });
		expect(status).toBe(200);
		rows.push(...body);
		next = /<(.+)>; rel="next"/.exec(String(headers.link ?? ""))?.[1];
	}
	return rows as { id: string; status: string }[];
}

describe("searching", () => {
	let service: TestService;
	const repository_url = "git@gitlab.example.com:Team/My_Server.git";
	beforeAll(async () => {
		service = await startService(afterAll);
		await submit(service, {
			server_name: "mcp-Ærlig 100% [a]\\b",
			repository_url,
			developer_email: "Robin@example.com",
		});
		await submit(service, {
			server_name: "mcp-other",
			developer_email: "kim@example.com",
		});
	});

	test.each([
		["ærlig", 1],
		["ÆRLIG", 1],
		["r", 2],
		["robin@EXAMPLE", 1],
		["my_server", 1],
		["My_Server.git", 1],
		["https://gitlab.example.com/team/my_server", 1],
		["ssh://git@gitlab.example.com/Team/My_Server.git", 1],
		["  other ", 1],
		["", 2],
		["100%", 1],
		["1%%", 0],
		["mcp%other", 0],
		["mcp_other", 0],
		["my%server", 0],
		["myXserver", 0],
		["[a]", 1],
		["a]\\b", 1],
		["\\", 1],
		["'; drop table mcp_server_reports; --", 0],
		["# Go-Live Report", 0],
	])(
		"%j finds %i of two reports, and is counted so",
		async (text, expected) => {
			const search = encodeURIComponent(text);
			const found = await service.ask({
				url: `/api/v1/reports?search=${search}`,
			});
			expect([found.status, found.body.length]).toEqual([200, expected]);
			const counted = await service.ask({
				url: `/api/v1/reports/counts?search=${search}`,
			});
			expect(counted.body.all).toBe(expected);
		},
	);

	test("a text of more than 200 characters, or one that cannot be stored, is refused", async () => {
		for (const text of ["x".repeat(201), "a%00b"]) {
			const url = `/api/v1/reports?search=${text}`;
			const { status, body } = await service.ask({ url });
			expect([status, body.issues[0].path]).toEqual([400, "search"]);
		}
	});
});

describe("sorting", () => {
	test("the riskiest come first, what is unknown before medium, and within a risk who waits longest", async () => {
		const rows = (await readAll(seeded, "sort=risk")) as unknown as {
			risk_level: string;
			submitted_at: string;
		}[];
		const order = ["critical", "high", "unknown", "medium", "low"];
		const keys = rows.map(
			({ risk_level, submitted_at }) =>
				`${order.indexOf(risk_level)} ${Date.parse(submitted_at)}`,
		);
		expect(keys).toEqual(keys.toSorted());
		expect(new Set(keys.map((key) => key[0])).size).toBe(5);
	});

	test("waiting is newest, backwards", async () => {
		const newest = ids(await readAll(seeded, "status=pending_review"));
		expect(newest).toHaveLength(60);
		expect(
			ids(await readAll(seeded, "status=pending_review&sort=waiting")),
		).toEqual(newest.toReversed());
	});

	test("an unknown order is refused", async () => {
		const { status, body } = await seeded.ask({
			url: "/api/v1/reports?sort=oldest",
		});
		expect([status, body.issues]).toEqual([
			400,
			[{ path: "sort", message: "Must be newest, waiting or risk." }],
		]);
	});
});

test("a summary tells of failed critical checks and of a complete trifecta", async () => {
	const rows = (await readAll(seeded, "risk_level=critical")) as unknown as {
		critical_failures: number;
		trifecta: string;
	}[];
	expect(rows.length).toBeGreaterThan(0);
	expect(rows.every((row) => row.critical_failures === 1)).toBe(true);
	expect(rows.some((row) => row.trifecta === "complete")).toBe(true);
	const service = await startService();
	const report = await submit(service, {
		report_data:
			"## Phase 4: Authentication\n\n| Check | Status | Evidence |\n|---|---|---|\n| On-behalf-of only | ❌ Fail | A service principal reads everything |\n",
	});
	expect(report.critical_failures).toBe(1);
});

const filters = [
	"",
	"risk_level=critical",
	"risk_level=unknown",
	"has_errors=true",
	"has_errors=false",
	"trifecta=complete",
	"trifecta=broken&has_errors=false",
	"risk_level=critical&trifecta=complete&has_errors=true",
	"search=mcp-17",
	"search=Developer-2&risk_level=low",
	"repository_url=https://github.com/example/42",
];

test.each(filters)("counts are what the lists hold: %s", async (filter) => {
	const { status, body } = await seeded.ask({
		url: `/api/v1/reports/counts?${filter}`,
	});
	expect(status).toBe(200);
	const rows = await readAll(seeded, filter);
	expect(rows.length).toBeGreaterThan(0);
	const of = (status: string) =>
		rows.filter((row) => row.status === status).length;
	expect(body).toEqual({
		pending_review: of("pending_review"),
		approved: of("approved"),
		rejected: of("rejected"),
		all: rows.length,
	});
});

test.each(["newest", "waiting", "risk"])(
	"walking from neighbour to neighbour is walking through the list: %s first",
	async (sort) => {
		const list = `status=pending_review&sort=${sort}`;
		const rows = ids(await readAll(seeded, list));
		const walked: string[] = [];
		let next: string | null = rows[0] ?? null;
		while (next) {
			const { body } = await seeded.ask({
				url: `/api/v1/reports/${next}/neighbours?${list}`,
			});
			expect(body.previous).toBe(walked.at(-1) ?? null);
			walked.push(next);
			next = body.next;
		}
		expect(walked).toEqual(rows);
	},
);

test("a report that was just decided still has its neighbours among those that wait", async () => {
	const service = await startService();
	const [first, second, third] = [
		await submit(service),
		await submit(service),
		await submit(service),
	];
	await decide(service, second.id, "approved");
	const url = `/api/v1/reports/${second.id}/neighbours?status=pending_review&sort=waiting`;
	expect((await service.ask({ url })).body).toEqual({
		previous: first.id,
		next: third.id,
	});
});

test("the neighbours of no report are not found", async () => {
	const { status } = await seeded.ask({
		url: `/api/v1/reports/${crypto.randomUUID()}/neighbours`,
	});
	expect(status).toBe(404);
});

test("a page that asks for news hears of every submission and decision, and of nothing else", async () => {
	const service = await startService();
	const url = "/api/v1/reports/newest";
	const empty = await service.ask({ url });
	expect(empty.body).toEqual({
		pending_review: 0,
		newest_id: null,
		newest_submitted_at: null,
	});
	const { id, submitted_at } = await submit(service);
	const news = await service.ask({ url });
	expect(news.body).toEqual({
		pending_review: 1,
		newest_id: id,
		newest_submitted_at: submitted_at,
	});
	const headers = { "if-none-match": String(news.headers.etag) };
	expect((await service.ask({ url, headers })).status).toBe(304);
	await decide(service, id, "rejected");
	const decided = await service.ask({ url, headers });
	expect([decided.status, decided.body.pending_review]).toEqual([200, 0]);
});

test("counts and servers stay exact while a hundred submissions and decisions meet", async () => {
	const service = await startService();
	const existing = await Promise.all(
		Array.from({ length: 50 }, () => submit(service)),
	);
	await Promise.all([
		...existing.flatMap(({ id }, n) => [
			decide(service, id, n % 2 ? "approved" : "rejected"),
			decide(service, id, n % 3 ? "rejected" : "approved"),
			// A rejected one makes way, if it is in time.
			service.ask({
				method: "POST",
				url: "/api/v1/reports",
				payload: newReport({ repository_url: existing[n]?.repository_url }),
			}),
		]),
		...Array.from({ length: 50 }, () => submit(service)),
	]);
	await Promise.all(
		existing.map(({ id }) => decide(service, id, "pending_review")),
	);

	const { rows: counted } = await sql<{ status: string; count: number }>`
		select status, count(*)::int as count from mcp_server_reports group by 1`.execute(
		service.db,
	);
	const { body } = await service.ask({ url: "/api/v1/reports/counts" });
	const { all, ...byStatus } = body;
	expect(byStatus).toEqual({
		approved: 0,
		rejected: 0,
		pending_review: 0,
		...Object.fromEntries(counted.map(({ status, count }) => [status, count])),
	});
	expect(all).toBe(counted.reduce((sum, { count }) => sum + count, 0));
	expect(all).toBeGreaterThanOrEqual(100);

	const { rows: wrong } = await sql`
		select * from mcp_servers full join (
			select distinct on (canonical_key, subfolder_key) canonical_key, subfolder_key, id as newest, live.live
			from mcp_server_reports left join (
				select canonical_key, subfolder_key, id as live from mcp_server_reports where status <> 'rejected'
			) as live using (canonical_key, subfolder_key)
			order by canonical_key, subfolder_key, revision desc
		) as truth using (canonical_key, subfolder_key)
		where newest_report_id is distinct from newest or live_report_id is distinct from live`.execute(
		service.db,
	);
	expect(wrong).toEqual([]);
});

test("the database plans each status's page for that status, however often it is asked", async () => {
	const service = await startService();
	const db = openDatabase(service.databaseUrl, { poolSize: 1 });
	onTestFinished(() => db.destroy());
	for (let time = 0; time < 10; time++) {
		await listReports(
			db,
			ReportFilter.parse({ status: "pending_review", sort: "waiting" }),
		);
	}
	// A plan for any status would be kept after a few times, and read far too much.
	const { rows } = await sql<{ statement: string }>`
		select statement from pg_prepared_statements
		where statement like '%from "mcp_server_reports"%'`.execute(db);
	expect(rows).toHaveLength(1);
	expect(rows[0]?.statement).toContain("'pending_review'");
});
