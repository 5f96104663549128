import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { sql } from "kysely";
import {
	afterAll,
	afterEach,
	beforeAll,
	beforeEach,
	describe,
	expect,
	test,
	vi,
} from "vitest";
import { openReads } from "../../src/audit/reads.ts";
import { verifyChain } from "../../src/audit/verify.ts";
import { parseConfig, recordsReads } from "../../src/core/config.ts";
import { createClient } from "../../src/facades/trpc/client.ts";
import {
	type Database,
	openDatabase,
} from "../../src/platform/postgres/database.ts";
import { findFreePort } from "../../src/platform/postgres/embedded/find-free-port.ts";
import { authorize } from "../support/authorize.ts";
import { fillTemplate } from "../support/fill-template.ts";
import {
	makeDatabase,
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";
import { visit } from "../support/pages.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";
import { startServiceProcess } from "../support/service-process.ts";

const publicUrl = "http://127.0.0.1:8080";
let provider: TestProvider;
let service: TestService;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
});

beforeEach(async () => {
	service = await startService(undefined, provider.settings(publicUrl));
});

afterEach(() => {
	vi.useRealTimers();
});

const headersOf = async (who: string, changes = {}) => ({
	authorization: `Bearer ${await provider.mint(who, changes)}`,
});

async function submitAsDev(changes = {}): Promise<string> {
	const report_data = fillTemplate();
	const { developer_email, ...payload } = newReport({
		report_data,
		...changes,
	});
	const { body } = await service.ask({
		method: "POST",
		url: "/api/v1/reports",
		headers: await headersOf("dev"),
		payload,
	});
	return body.id;
}

/** Asks MCP as this account. */
async function askMcp(who: string, method: string, params: object) {
	const { status, body } = await service.ask({
		method: "POST",
		url: "/mcp",
		headers: {
			...(await headersOf(who)),
			accept: "application/json, text/event-stream",
		},
		payload: { jsonrpc: "2.0", id: 1, method, params },
	});
	expect(status).toBe(200);
	expect(body.error, JSON.stringify(body)).toBeUndefined();
}

async function browserOf(account: string) {
	const browser = visit(service);
	const { headers } = await browser.open("/sign-in");
	const back = await authorize(String(headers.location), account);
	await browser.open(`${back.pathname}${back.search}`);
	return browser;
}

/** Opens a page as this account. */
async function open(who: string, url: string) {
	expect((await (await browserOf(who)).open(url)).status).toBe(200);
}

/** The reads that are recorded, after ending the service, which records all of them. */
async function readsAfterClose(...services: TestService[]) {
	for (const one of [service, ...services]) await one.app.close();
	return reads(service.db);
}

async function reads(db: Database) {
	const { rows } = await sql<Record<string, string | null>>`
		select actor, action, report_id, facade, client from audit_log
		where action like '%_read' order by seq`.execute(db);
	return rows;
}

describe("reading a report in full is recorded, with who did and by which way in", () => {
	const doors: [
		title: string,
		facade: string,
		read: (id: string) => Promise<unknown>,
	][] = [
		[
			"over REST",
			"rest",
			async (id) => {
				const headers = await headersOf("rita");
				const url = `/api/v1/reports/${id.toUpperCase()}`;
				expect((await service.ask({ url, headers })).status).toBe(200);
			},
		],
		[
			"over REST, by who is told that it is the same as the one at hand",
			"rest",
			async (id) => {
				const headers = await headersOf("rita");
				const answer = await service.ask({
					url: `/api/v1/reports/${id}`,
					headers: { ...headers, "if-none-match": "*" },
				});
				expect(answer.status).toBe(304);
			},
		],
		[
			"over tRPC",
			"trpc",
			async (id) => {
				const headers = await headersOf("rita");
				const client = createClient(await service.listen(), { headers });
				await client.reports.get.query({ id });
			},
		],
		[
			"with the tool of MCP",
			"mcp",
			(id) =>
				askMcp("rita", "tools/call", {
					name: "get_report",
					arguments: { id },
				}),
		],
		[
			"as a resource of MCP",
			"mcp",
			(id) =>
				askMcp("rita", "resources/read", { uri: `golive://reports/${id}` }),
		],
		["on its page", "web", (id) => open("rita", `/reports/${id}`)],
		["as Markdown", "web", (id) => open("rita", `/reports/${id}.md`)],
		["as raw text", "web", (id) => open("rita", `/reports/${id}/raw`)],
		["as PDF", "web", (id) => open("rita", `/reports/${id}.pdf`)],
		["compared", "web", (id) => open("rita", `/reports/${id}/compare`)],
	];

	test.each(doors)("%s", async (_title, facade, read) => {
		const id = await submitAsDev();
		await read(id);
		expect(await readsAfterClose()).toMatchObject([
			{
				actor: "rita@example.com",
				action: "report_read",
				report_id: id,
				facade,
			},
		]);
		const { rows } = await sql<{ age: number; address: string }>`
			select abs(extract(epoch from time - (after->>'read_at')::timestamptz))::float as age
			from audit_log where action = 'report_read'`.execute(service.db);
		expect(rows[0]?.age).toBeLessThan(30);
	});

	test("both sides of a comparison", async () => {
		const repository_url = "https://github.com/example/compared";
		const first = await submitAsDev({ repository_url });
		await service.ask({
			method: "PATCH",
			url: `/api/v1/reports/${first}/status`,
			headers: await headersOf("ron"),
			payload: { status: "rejected" },
		});
		const second = await submitAsDev({ repository_url });
		await open("rita", `/reports/${second}/compare`);
		const found = await readsAfterClose();
		expect(found.map(({ report_id }) => report_id).sort()).toEqual(
			[first, second].sort(),
		);
	});
});

test("lists, figures, assessments and histories are no reading in full, nor is what fails", async () => {
	const id = await submitAsDev();
	const headers = await headersOf("rita");
	const urls = [
		...["", "/newest", "/counts", `/${id}/assessment`, `/${id}/decisions`],
		...[`/${id}/revisions`, `/${id}/approvals`],
	];
	for (const url of urls) {
		const asked = { url: `/api/v1/reports${url}`, headers };
		expect((await service.ask(asked)).status, url).toBe(200);
	}
	const stranger = await headersOf("other");
	const url = `/api/v1/reports/${id}`;
	expect((await service.ask({ url, headers: stranger })).status).toBe(404);
	expect((await service.ask({ url })).status).toBe(401);
	expect(await readsAfterClose()).toEqual([]);
});

test("reading the audit log is recorded, whatever is asked of it", async () => {
	const headers = await headersOf("aud");
	for (const query of ["", "?limit=5", `?id=${crypto.randomUUID()}`]) {
		await service.ask({ url: `/api/v1/audit${query}`, headers });
	}
	await service.ask({ url: "/api/v1/audit", headers: await headersOf("dev") });
	expect(await readsAfterClose()).toMatchObject([
		{ actor: "aud@example.com", action: "audit_read", report_id: null },
	]);
});

test("the log's filters and pages show reads like everything else", async () => {
	const id = await submitAsDev();
	const url = `/api/v1/reports/${id}`;
	for (const who of ["rita", "ron", "aud"]) {
		await service.ask({ url, headers: await headersOf(who) });
	}
	const headers = await headersOf("aud");
	const list = async (query: string) =>
		(await service.ask({ url: `/api/v1/audit?${query}`, headers })).body;
	const found = () => list(`action=report_read&report_id=${id}`);
	await vi.waitFor(async () => expect(await found()).toHaveLength(3), 5000);
	const [newest] = await list("action=report_read&limit=1");
	const rest = await list(`action=report_read&after=${newest.seq}`);
	expect(rest).toHaveLength(2);
	const html = (
		await (await browserOf("aud")).open("/audit?action=report_read")
	).html;
	expect(html).toContain("Report read");
	expect(html).toContain("Chain unbroken");
});

describe("one row a person, report and hour", () => {
	test("however often it is read, through two instances at once", async () => {
		const other = await startService(undefined, {
			...provider.settings(publicUrl),
			databaseUrl: service.databaseUrl,
		});
		const ids = [await submitAsDev(), await submitAsDev()];
		const people = ["rita", "ron"];
		for (const who of people) {
			const headers = await headersOf(who);
			await Promise.all(
				Array.from({ length: 40 }, (_, number) =>
					[service, other][number % 2]?.ask({
						url: `/api/v1/reports/${ids[(number >> 1) % 2]}`,
						headers,
					}),
				),
			);
		}
		const found = await readsAfterClose(other);
		const pairs = found.map(({ actor, report_id }) => `${actor} ${report_id}`);
		expect(pairs.sort()).toEqual(
			people
				.flatMap((who) => ids.map((id) => `${who}@example.com ${id}`))
				.sort(),
		);
	});

	test("instances that record the same reads in other orders do not wait for each other", async () => {
		const db = openDatabase(service.databaseUrl, { poolSize: 8 });
		const warn = vi.fn();
		const all = Array.from({ length: 8 }, () => openReads(db, { warn }));
		const ids = Array.from({ length: 300 }, () => crypto.randomUUID());
		for (const [index, one] of all.entries()) {
			const from = index * 37;
			for (const report_id of [...ids.slice(from), ...ids.slice(0, from)]) {
				one.note(asker("rita"), { action: "report_read", report_id });
			}
		}
		await Promise.all(all.map((one) => one.close()));
		expect(warn).not.toHaveBeenCalled();
		expect(await reads(db)).toHaveLength(300);
		expect((await verifyChain(db)).broken).toBeUndefined();
		await db.destroy();
	});

	test("and one more in the next hour, also where the answer is kept", async () => {
		const id = await submitAsDev();
		const headers = await headersOf("rita", {
			exp: Math.floor(Date.now() / 1000) + 3 * 60 * 60,
		});
		const read = () => service.ask({ url: `/api/v1/reports/${id}`, headers });
		for (let times = 1; times <= 3; times += 1) await read();
		vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60 * 60 * 1000 });
		for (let times = 1; times <= 3; times += 1) await read();
		expect(await readsAfterClose()).toHaveLength(2);
	});
});

/** Who asks, as the service knows them. */
function asker(who: string) {
	return {
		identity: {
			method: "oidc" as const,
			subject: `https://login.example.com ${who}`,
			email: `${who}@example.com`,
			email_canonical: `${who}@example.com`,
			name: null,
			roles: [],
			kind: "person" as const,
			permissions: new Set<never>(),
		},
		facade: "rest" as const,
		client: null,
		address: "192.0.2.7",
		requestId: "request",
		serviceRequestId: "own",
	};
}

describe("nobody is held up", () => {
	test("by a log that somebody else holds: the answer does not wait, and the row comes later", async () => {
		const id = await submitAsDev();
		const headers = await headersOf("rita");
		let elapsed = 0;
		await service.db.transaction().execute(async (tx) => {
			await sql`select from audit_head for update`.execute(tx);
			const from = performance.now();
			for (let times = 1; times <= 20; times += 1) {
				const url = `/api/v1/reports/${id}`;
				expect((await service.ask({ url, headers })).status).toBe(200);
			}
			elapsed = performance.now() - from;
			await new Promise((resolve) => setTimeout(resolve, 2000));
			expect(await reads(service.db)).toEqual([]);
		});
		expect(elapsed).toBeLessThan(2000);
		await vi.waitFor(
			async () => expect(await reads(service.db)).toHaveLength(1),
			5000,
		);
	});

	test("by a database that takes no reads: they wait, and the log says so", async () => {
		const id = await submitAsDev();
		await sql`alter table audit_reads rename to elsewhere`.execute(service.db);
		const headers = await headersOf("rita");
		const url = `/api/v1/reports/${id}`;
		expect((await service.ask({ url, headers })).status).toBe(200);
		await vi.waitFor(
			() =>
				expect(service.logs.join()).toContain(
					"reads could not be recorded in the audit log yet",
				),
			5000,
		);
		expect((await service.ask({ url, headers })).status).toBe(200);
		await sql`alter table elsewhere rename to audit_reads`.execute(service.db);
		expect(await readsAfterClose()).toHaveLength(1);
	});

	test("by an end of the service that the database does not let come: the log says how many are lost", async () => {
		const id = await submitAsDev();
		const headers = await headersOf("rita");
		await service.ask({ url: `/api/v1/reports/${id}`, headers });
		const from = performance.now();
		await service.db.transaction().execute(async (tx) => {
			await sql`lock table audit_reads`.execute(tx);
			await service.app.close();
		});
		expect(performance.now() - from).toBeLessThan(6000);
		const lost = service.logs
			.map((line) => JSON.parse(line))
			.filter(({ msg }) => /^reads are missing/.test(msg));
		expect(lost).toMatchObject([{ left_out: 1 }]);
	});

	test("reads that wait take up memory to a limit, and what came then is counted", async () => {
		const db = openDatabase(await makeDatabase(), { poolSize: 1 });
		await sql`alter table audit_reads rename to elsewhere`.execute(db);
		const warn = vi.fn();
		const waiting = openReads(db, { warn });
		for (let number = 0; number < 10_007; number += 1) {
			const report_id = crypto.randomUUID();
			waiting.note(asker("rita"), { action: "report_read", report_id });
		}
		await sql`alter table elsewhere rename to audit_reads`.execute(db);
		await vi.waitFor(() => expect(warn).toHaveBeenCalled(), 30_000);
		expect(warn.mock.calls).toEqual([
			[{ left_out: 7 }, "reads are missing from the audit log"],
		]);
		expect(await reads(db)).toHaveLength(10_000);
		await waiting.close();
		await db.destroy();
	});
});

describe("a process that is told to end records what was read just before", () => {
	/** The provider's settings as an environment. */
	const environment = (changes: Record<string, string>) => {
		const { AUTH, OIDC_ISSUER, OIDC_AUDIENCE, OIDC_CLIENT_ID } =
			provider.settings(publicUrl);
		return {
			AUTH: String(AUTH),
			OIDC_ISSUER: String(OIDC_ISSUER),
			OIDC_AUDIENCE: String(OIDC_AUDIENCE),
			OIDC_CLIENT_ID: String(OIDC_CLIENT_ID),
			PUBLIC_URL: publicUrl,
			DATABASE_URL: service.databaseUrl,
			...changes,
		};
	};

	test("over HTTP", async () => {
		const id = await submitAsDev();
		const port = await findFreePort();
		const PUBLIC_URL = `http://127.0.0.1:${port}`;
		const { child, url, ended } = await startServiceProcess(
			environment({ PUBLIC_URL, PORT: String(port) }),
		);
		const headers = await headersOf("rita");
		const answer = await fetch(`${url}/api/v1/reports/${id}`, { headers });
		expect(answer.status).toBe(200);
		child.kill("SIGTERM");
		expect((await ended()).code).toBe(0);
		expect(await reads(service.db)).toMatchObject([{ report_id: id }]);
	});

	test("over standard input and output", async () => {
		const id = await submitAsDev();
		const { body } = await service.ask({
			method: "POST",
			url: "/api/v1/tokens",
			headers: await headersOf("rita"),
			payload: { name: "CI", scopes: ["reports:read", "reports:read_all"] },
		});
		const client = new Client({ name: "agent", version: "3" });
		await client.connect(
			new StdioClientTransport({
				command: process.execPath,
				args: ["src/main.ts", "mcp"],
				env: {
					PATH: process.env.PATH ?? "",
					...environment({ ACCESS_TOKEN: body.token }),
				},
				stderr: "ignore",
			}),
		);
		const { isError } = await client.callTool({
			name: "get_report",
			arguments: { id },
		});
		expect(isError).not.toBe(true);
		await client.close();
		await vi.waitFor(
			async () =>
				expect(await reads(service.db)).toMatchObject([
					{ actor: "rita@example.com", report_id: id, facade: "mcp" },
				]),
			10_000,
		);
	});
});

describe("AUDIT_READS", () => {
	test("is on where people sign in, off elsewhere and where it is false", async () => {
		expect(recordsReads({ AUTH: "oidc", AUDIT_READS: undefined })).toBe(true);
		expect(recordsReads({ AUTH: "oidc", AUDIT_READS: false })).toBe(false);
		expect(recordsReads({ AUTH: "none", AUDIT_READS: undefined })).toBe(false);
		expect(recordsReads({ AUTH: undefined, AUDIT_READS: undefined })).toBe(
			false,
		);
		expect(() => parseConfig({ AUTH: "none", AUDIT_READS: "true" })).toThrow(
			/AUDIT_READS must not be true without AUTH=oidc/,
		);
		expect(parseConfig({ AUTH: "none", AUDIT_READS: "false" })).toMatchObject({
			AUDIT_READS: false,
		});
		expect(() => parseConfig({ AUDIT_READS: "yes" })).toThrow(
			/AUDIT_READS must be true or false/,
		);
	});

	test("false records no reads, nor does a service where nobody signs in", async () => {
		const silent = await startService(undefined, {
			...provider.settings(publicUrl),
			databaseUrl: service.databaseUrl,
			AUDIT_READS: false,
		});
		const id = await submitAsDev();
		const url = `/api/v1/reports/${id}`;
		await silent.ask({ url, headers: await headersOf("rita") });
		expect(await readsAfterClose(silent)).toEqual([]);
		const open = await startService();
		const { id: other } = await submit(open);
		await open.ask({ url: `/api/v1/reports/${other}` });
		await open.ask({ url: "/api/v1/audit" });
		await open.app.close();
		expect(await reads(open.db)).toEqual([]);
	});
});
