import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { longestTurn } from "../support/held-loop.ts";
import { makeDatabase, newReport } from "../support/helpers.ts";
import {
	type ServiceProcess,
	startServiceProcess,
} from "../support/service-process.ts";

/** Milliseconds for which nothing may hold the event loop, whatever a history holds. */
const MOST = 50;

const watched = new URL("../fixtures/watched-service.ts", import.meta.url)
	.pathname;

let service: ServiceProcess;
let database: pg.Client;
const cleanUps: (() => unknown)[] = [];

afterAll(async () => {
	for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

/** The newest and the oldest of a repository's revisions, by how many there are. */
const ids: Record<number, { newest: string; oldest: string }> = {};

beforeAll(async () => {
	const url = await makeDatabase((cleanUp) => cleanUps.push(cleanUp));
	service = await startServiceProcess(
		{ DATABASE_URL: url },
		watched,
		undefined,
		(cleanUp) => cleanUps.push(cleanUp),
	);
	database = new pg.Client(url);
	await database.connect();
	cleanUps.push(() => database.end());
	for (const count of [1, 11, 93]) {
		ids[count] = await seedRepository(count);
	}
	// What is done for the first time is compiled, loaded and connected for.
	const light = await seedRepository(1, 3, "Fine.");
	for (let round = 0; round < 5; round++) {
		for (const way of Object.values(ways))
			await way(light.newest, light.oldest);
	}
	await longestTurn(service);
}, 240_000);

/** Notes as heavy as they can be: what is escaped everywhere, and hidden characters, which are written out. */
const heavy = '<&\u200B"'.repeat(2_500);

/** A repository's revisions, each decided so often, with two approvals in every round. */
async function seedRepository(
	revisions: number,
	decisions = 101,
	notes = heavy,
) {
	const { id } = await (
		await send("POST", "/api/v1/reports", newReport())
	).json();
	const { rows } = await database.query(
		`insert into mcp_server_reports (server_name, repository_url, repository_key, canonical_key,
			subfolder_key, revision, developer_email, report_data, content_sha256, status, submitted_at,
			reviewed_at, reviewed_by, review_notes, assessment)
		select server_name, repository_url, repository_key, canonical_key, subfolder_key, n + 1,
			developer_email, report_data, content_sha256, 'rejected',
			submitted_at + n * interval '1 minute', now(), 'Rita', $3, assessment
		from mcp_server_reports, generate_series(1, $2::int - 1) n where id = $1
		returning id`,
		[id, revisions, notes],
	);
	const all = [id, ...rows.map((row) => row.id)];
	await database.query(
		`insert into report_approvals (report_id, round, approved_by, approver_subject, notes)
		select id, round, 'ron' || n || '@example.com', 'ron' || n, $3
		from unnest($1::uuid[]) id, generate_series(0, $2::int) round, generate_series(1, 2) n`,
		[all, decisions, notes],
	);
	await database.query(
		`insert into report_decisions (report_id, from_status, to_status, decided_by, notes)
		select id, case when n % 2 = 1 then 'pending_review' else 'rejected' end,
			case when n % 2 = 1 then 'rejected' else 'pending_review' end, 'Rita', $3
		from unnest($1::uuid[]) id, generate_series(1, $2::int) n order by id, n`,
		[all, decisions, notes],
	);
	await database.query(
		`update mcp_server_reports set status = 'rejected', decision_count = $2, reviewed_at = now(),
			reviewed_by = 'Rita', review_notes = $3 where id = any($1::uuid[])`,
		[all, decisions, notes],
	);
	return { newest: all.at(-1), oldest: id };
}

function send(method: string, path: string, body?: unknown) {
	return fetch(service.url + path, {
		method,
		headers: {
			accept:
				path.startsWith("/reports") || path === "/servers"
					? "text/html"
					: "application/json, text/event-stream",
			...(body !== undefined && { "content-type": "application/json" }),
		},
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
}

/** Asks, and refuses to go on where that is not answered. */
async function get(path: string): Promise<string> {
	const answer = await send("GET", path);
	const text = await answer.text();
	expect(answer.status, `${path}: ${text.slice(0, 200)}`).toBe(200);
	return text;
}

const call = (name: string, args: object) => ({
	...{ jsonrpc: "2.0", id: 1, method: "tools/call" },
	params: { name, arguments: args },
});

async function ask(message: unknown): Promise<string> {
	const answer = await send("POST", "/mcp", message);
	const text = await answer.text();
	expect(answer.status, text.slice(0, 200)).toBe(200);
	expect(text).not.toContain("Internal");
	return text;
}

const batch = (procedure: string, input: object) =>
	`/trpc/${Array(20).fill(procedure)}?batch=1&input=${encodeURIComponent(
		JSON.stringify(Object.fromEntries(Array(20).fill(input).entries())),
	)}`;

/** What is answered of a batch: each call, or that it is too much beside the others. */
async function askBatch(procedure: string, input: object) {
	const answer = await send("GET", batch(procedure, input));
	expect([200, 207]).toContain(answer.status);
	expect(await answer.text()).not.toContain("INTERNAL_SERVER_ERROR");
}

/** Every way in that shows a history, given the ids of a repository's newest and oldest revision. */
const ways: Record<
	string,
	(newest: string, oldest: string) => Promise<unknown>
> = {
	"the newest report's page": (id) => get(`/reports/${id}`),
	"the oldest report's page": (_, id) => get(`/reports/${id}`),
	"its raw text": (id) => get(`/reports/${id}?view=raw`),
	"its decisions": (id) => get(`/reports/${id}/history`),
	"its later decisions": (id) => get(`/reports/${id}/history?seen=50`),
	"its comparison": (id) => get(`/reports/${id}/compare`),
	"a comparison with the oldest": (id, oldest) =>
		get(`/reports/${id}/compare${id === oldest ? "" : `?with=${oldest}`}`),
	"its PDF": (id) => get(`/reports/${id}.pdf`),
	"the servers": () => get("/servers?status=rejected"),
	"the queue": () => get("/?status=all"),
	"REST: the report": (id) => get(`/api/v1/reports/${id}`),
	"REST: revisions": (id) => get(`/api/v1/reports/${id}/revisions?limit=200`),
	"REST: decisions": (id) => get(`/api/v1/reports/${id}/decisions`),
	"REST: approvals": (id) => get(`/api/v1/reports/${id}/approvals`),
	"REST: servers": () => get("/api/v1/servers?limit=200"),
	"tRPC: 20 × revisions": (id) =>
		askBatch("reports.revisions", { id, limit: 200 }),
	"tRPC: 20 × decisions": (id) => askBatch("reports.decisions", { id }),
	"tRPC: 20 × history": (id) => askBatch("reports.history", { id }),
	"tRPC: 20 × servers": () => askBatch("servers.list", { limit: 200 }),
	"MCP: get_report": (id) => ask(call("get_report", { id })),
	"MCP: 20 × get_report": (id) =>
		ask(Array(20).fill(call("get_report", { id }))),
	"MCP: list_servers": () => ask(call("list_servers", { limit: 200 })),
	"MCP: the resource": (id) =>
		ask({
			...{ jsonrpc: "2.0", id: 1, method: "resources/read" },
			params: { uri: `golive://reports/${id}` },
		}),
};

describe.each([1, 11, 93])(
	"of %i revisions, each decided 101 times,",
	(count) => {
		test.each(Object.entries(ways))(
			"%s holds nobody up",
			async (_what, way) => {
				const { newest, oldest } = ids[count] ?? { newest: "", oldest: "" };
				for (let round = 0; round < 3; round++) await way(newest, oldest);
				const held = await longestTurn(service);
				expect(held).toBeLessThan(MOST);
			},
		);
	},
);

test("every decision is read whole, page by page, and every revision is listed", async () => {
	const { newest } = ids[11] ?? { newest: "" };
	const decisions = await walk(`/api/v1/reports/${newest}/decisions`);
	expect(decisions.rows).toHaveLength(101);
	expect(decisions.rows.every(({ notes }) => notes === heavy)).toBe(true);
	expect(decisions.bytes).toBeLessThan(100 * 1024);

	const revisions = await walk(`/api/v1/reports/${newest}/revisions?limit=200`);
	expect(revisions.rows.map(({ revision }) => revision)).toEqual(
		Array.from({ length: 11 }, (_, n) => n + 1),
	);
	expect(revisions.bytes).toBeLessThan(1024 * 1024);
	for (const { decisions, decision_count } of revisions.rows) {
		expect(decision_count).toBe(101);
		expect(decisions).toHaveLength(10);
		for (const { notes, notes_shortened, approvals } of decisions) {
			expect(notes).toBe(`${heavy.slice(0, 300)}…`);
			expect(notes_shortened).toBe(true);
			expect(approvals).toHaveLength(2);
		}
	}
});

test("a report's page says that notes are shortened, and leads to all decisions", async () => {
	const { newest } = ids[93] ?? { newest: "" };
	const page = await get(`/reports/${newest}`);
	expect(page).toContain(
		`<a href="/reports/${newest}/history">91 earlier decisions</a>`,
	);
	expect(page).toContain("Shortened: read all");
	let url: string | undefined = `/reports/${newest}/history`;
	let told = 0;
	while (url) {
		const text: string = await get(url);
		told += [...text.matchAll(/<span>(?:Rejected|Reopened) by /g)].length;
		const seen = /name="seen" value="(\d+)"/.exec(text)?.[1];
		url = seen && `/reports/${newest}/history?seen=${seen}`;
	}
	expect(told).toBe(101);
});

test("get_report tells the last decisions, the latest notes whole, and where the others are", async () => {
	const { newest } = ids[1] ?? { newest: "" };
	const text = await ask(call("get_report", { id: newest }));
	expect(text).toContain("The last 10 of 101.");
	expect(text).toContain(`/reports/${newest}/history`);
	expect(text.length).toBeLessThan(200_000);
});

/** All rows of a list, page by page as its `Link` says, and the bytes of the largest page. */
async function walk(path: string) {
	// biome-ignore lint/suspicious/noExplicitAny: rows of two lists
	const rows: any[] = [];
	let bytes = 0;
	let url: string | undefined = path;
	while (url) {
		const answer: Response = await send("GET", url);
		const text = await answer.text();
		bytes = Math.max(bytes, Buffer.byteLength(text));
		rows.push(...JSON.parse(text));
		url = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
	}
	return { rows, bytes };
}

const MIB = 1024 * 1024;

/** What took nearly as long as may be: each by itself, and clearly below now. */
const near: Record<string, () => Promise<unknown>> = {
	"20 addresses of resources of 62,000 characters": () =>
		ask(
			Array.from({ length: 20 }, (_, id) => ({
				...{ jsonrpc: "2.0", id, method: "resources/read" },
				params: { uri: `golive://reports/${"/{".repeat(31_000)}` },
			})),
		),
	"20 addresses of templates to complete": () =>
		ask(
			Array.from({ length: 20 }, (_, id) => ({
				...{ jsonrpc: "2.0", id, method: "completion/complete" },
				params: {
					ref: { type: "ref/resource", uri: `golive://${"/{".repeat(31_000)}` },
					argument: { name: "id", value: "" },
				},
			})),
		),
	"7 reports of 1 MiB to check": () =>
		ask(
			Array.from({ length: 7 }, (_, id) => ({
				...call("check_report", { report_markdown: filled("a <b> ") }),
				id,
			})),
		),
	"raw text of 1 MiB of emoji": async () =>
		get(await pageOf("😀", "?view=raw")),
	"raw text of 1 MiB of &": async () => get(await pageOf("&", "?view=raw")),
	"get_report of 1 MiB of backticks": async () =>
		ask(call("get_report", { id: await reportOf("`") })),
	"get_report of 1 MiB of single backticks": async () =>
		ask(call("get_report", { id: await reportOf("`a") })),
	"get_report of 1 MiB of backticks and tildes": async () =>
		ask(call("get_report", { id: await reportOf("`~".repeat(150)) })),
};

test.each(Object.entries(near))("%s: nobody is held up", async (_what, way) => {
	await way();
	await longestTurn(service);
	for (let round = 0; round < 3; round++) await way();
	const held = await longestTurn(service);
	expect(held).toBeLessThan(MOST);
});

function filled(piece: string): string {
	return piece.repeat(Math.floor(MIB / Buffer.byteLength(piece)));
}

const reports = new Map<string, Promise<string>>();

/** The id of a report of 1 MiB of one piece. */
function reportOf(piece: string): Promise<string> {
	const known = reports.get(piece);
	if (known) return known;
	const submitted = send(
		"POST",
		"/api/v1/reports",
		newReport({ report_data: filled(piece) }),
	)
		.then((answer) => answer.json())
		.then(({ id }) => id);
	reports.set(piece, submitted);
	return submitted;
}

async function pageOf(piece: string, query: string): Promise<string> {
	return `/reports/${await reportOf(piece)}${query}`;
}
