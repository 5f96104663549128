import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import type { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import pg from "pg";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { makeDatabase } from "../support/helpers.ts";
import {
	type ServiceProcess,
	send,
	startServiceProcess,
} from "../support/service-process.ts";

/** Stands in everything that a caller sends, and must stand in no log. */
const SECRET = "zebra7341";

const report = (repository: string) => ({
	server_name: `mcp-${SECRET}`,
	repository_url: `https://github.com/${SECRET}/${repository}`,
	developer_email: `${SECRET}@example.com`,
	report_data: `# Report of ${SECRET}`,
	report_json: { [SECRET]: SECRET },
});

const decision = {
	status: "approved",
	reviewed_by: `${SECRET}@example.com`,
	review_notes: `Because of ${SECRET}`,
};

/** What clients prove themselves with, and what proxies and browsers add. */
const credentials = {
	authorization: `Bearer ${SECRET}`,
	cookie: `go_live_session=${SECRET}; go_live_reviewer=${SECRET}`,
	"proxy-authorization": `Basic ${btoa(`${SECRET}:${SECRET}`)}`,
	"x-api-key": SECRET,
	"x-forwarded-for": `${SECRET}, 192.0.2.1`,
	"user-agent": SECRET,
	referer: `http://localhost/?token=${SECRET}`,
};

let service: ServiceProcess;
let database: pg.Client;
let databaseUrl: string;
/** The ids of all requests that were answered with an error. */
let failed: string[];

beforeEach(async () => {
	databaseUrl = await makeDatabase();
	service = await startServiceProcess({
		DATABASE_URL: databaseUrl,
		LOG_LEVEL: "trace",
	});
	database = new pg.Client({ connectionString: databaseUrl });
	await database.connect();
	onTestFinished(() => database.end());
	failed = [];
});

async function ask(
	expected: number,
	method: string,
	path: string,
	body?: unknown,
	headers = {},
) {
	const sent = { ...credentials, ...headers };
	const answer = await send(service, method, path, body, sent);
	expect(answer.status, `${method} ${path}`).toBe(expected);
	if (expected >= 400) failed.push(answer.headers.get("x-request-id") ?? "");
	return answer.body;
}

const toolInput = (repository: string) => {
	const { report_data, ...rest } = report(repository);
	return { ...rest, report_markdown: report_data };
};

const callTool = (name: string, args: object) => ({
	jsonrpc: "2.0",
	id: SECRET,
	method: "tools/call",
	params: { name, arguments: args },
});

/** Every way in, with what goes well and what callers get wrong. */
async function useEverything() {
	const path = "/api/v1/reports";
	const { id } = await ask(201, "POST", path, report("one"));
	await ask(409, "POST", path, report("one"));
	await ask(400, "POST", path, { ...report("two"), developer_email: SECRET });
	await ask(400, "POST", path, `{"report_data": "${SECRET}`);
	await ask(413, "POST", path, {
		...report("two"),
		report_data: SECRET.repeat(200_000),
	});
	await ask(200, "GET", `${path}?repository_url=git@github.com:${SECRET}/x`);
	await ask(400, "GET", `${path}?status=${SECRET}@example.com`);
	await ask(400, "GET", `${path}/${SECRET}@example.com`);
	await ask(404, "GET", `/${SECRET}@example.com?q=${SECRET}`);
	await ask(400, "GET", `/%zz${SECRET}`);
	await ask(405, "DELETE", `${path}?${SECRET}`);
	await ask(200, "PATCH", `${path}/${id}/status`, decision);
	await ask(409, "PATCH", `${path}/${id}/status`, decision);

	const input = (value: unknown) => encodeURIComponent(JSON.stringify(value));
	await ask(400, "GET", `/trpc/reports.get?input=${input({ id: SECRET })}`);
	await ask(400, "GET", `/trpc/reports.get?input=%7B${SECRET}`);
	await ask(409, "POST", "/trpc/reports.submit", report("one"));
	await ask(404, "GET", `/trpc/${SECRET}`);

	await callMcp(callTool("submit_report", toolInput("one")));
	await callMcp(callTool(SECRET, {}));
	await callMcp(`{"jsonrpc": "2.0", "${SECRET}`);
	await callMcp({ [SECRET]: SECRET });

	const url = `https://${SECRET}:${SECRET}@github.com/${SECRET}/three`;
	await ask(400, "POST", path, { ...report("three"), repository_url: url });
	await ask(200, "GET", `${path}?search=${SECRET}`);
	await ask(400, "GET", `${path}?search=${SECRET}&password=${SECRET}`);
	await ask(400, "GET", `${path}?${SECRET}=${SECRET}`);
	await ask(200, "GET", `/?search=${SECRET}&token=${SECRET}`);
	await ask(414, "GET", `${path}?search=${SECRET.repeat(1000)}`);
	await ask(400, "POST", path, `${'{"a":'.repeat(200)}"${SECRET}"`);
	await ask(400, "POST", `/trpc/${`${SECRET},`.repeat(60)}?batch=1`, {});
	const form = { "content-type": "application/x-www-form-urlencoded" };
	for (const step of ["decide", "decision"]) {
		const typed = `csrf=${SECRET}&reviewed_by=${SECRET}&status=approved`;
		await ask(403, "POST", `/reports/${id}/${step}`, typed, form);
	}

	await askRaw(`GET / HTTP/1.1\r\nHost: ${SECRET}.example.com\r\n`, 403);
	await askRaw(
		`GET http://${SECRET}:${SECRET}@localhost/ HTTP/1.1\r\nHost: localhost\r\n`,
		200,
	);
	await askRaw(
		`GET ${path} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://${SECRET}.example.com\r\n`,
		403,
	);
	await askRaw(
		`GET /${SECRET} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: ${SECRET}@example.com\r\n`,
		404,
	);
	await askRaw(`${SECRET} is no HTTP\r\n`, 400);
	await askRaw(
		`GET / HTTP/1.1\r\nHost: localhost\r\nCookie: ${SECRET.repeat(4_000)}\r\n`,
		431,
	);
}

async function callMcp(body: unknown) {
	const answer = await fetch(`${service.url}/mcp`, {
		method: "POST",
		headers: {
			"content-type": "application/json",
			accept: "application/json, text/event-stream",
			"mcp-protocol-version": "2025-06-18",
			...credentials,
		},
		body: typeof body === "string" ? body : JSON.stringify(body),
	});
	await answer.text();
	failed.push(answer.headers.get("x-request-id") ?? "");
}

/** Sends bytes that `fetch` would not send. */
async function askRaw(head: string, expected: number) {
	const socket = connect(Number(new URL(service.url).port), "127.0.0.1");
	socket.write(`${head}Connection: close\r\n\r\n`);
	const answer = await text(socket);
	expect(answer.split(" ")[1], head.slice(0, 80)).toBe(`${expected}`);
	failed.push(/^x-request-id: (\S+)/im.exec(answer)?.[1] ?? "");
}

function expectSilence() {
	for (const secret of [
		SECRET,
		btoa(`${SECRET}:${SECRET}`),
		encodeURIComponent(new URL(databaseUrl).password),
		decodeURIComponent(new URL(databaseUrl).password),
	]) {
		expect(secret).not.toBe("");
		expect(service.output()).not.toContain(secret);
	}
	const known = new Set(service.logs().map(({ request_id }) => request_id));
	expect(failed.length).toBeGreaterThan(0);
	for (const id of failed) expect(known).toContain(id);
}

test("whatever callers send, logs hold no content and no address, and the id of every error", async () => {
	await useEverything();
	service.child.kill("SIGTERM");
	await service.ended();
	expectSilence();
});

test.each([
	["a constraint, whose error quotes the row", "server_name = ''"],
	["a cast, whose error quotes the value", "report_data::integer > 0"],
])(
	"errors of the database are logged without what they quote: %s",
	async (_, condition) => {
		await database.query(
			`alter table mcp_server_reports add constraint refusing check (${condition}) not valid`,
		);
		await ask(500, "POST", "/api/v1/reports", report("one"));
		await ask(500, "POST", "/trpc/reports.submit", report("one"));
		await callMcp(callTool("submit_report", toolInput("one")));
		service.child.kill("SIGTERM");
		await service.ended();
		expectSilence();
		const errors = service.logs().filter(({ level }) => level === 50);
		expect(errors).toHaveLength(3);
		for (const { err } of errors) {
			// Enough to find the cause without it.
			expect(err).toMatchObject({ code: expect.stringMatching(/^2\w{4}$/) });
		}
	},
);

test("a broken database is logged without what was asked of it", async () => {
	await ask(201, "POST", "/api/v1/reports", report("one"));
	await database.query("alter table mcp_server_reports rename to elsewhere");
	await ask(500, "POST", "/api/v1/reports", report("two"));
	await ask(500, "GET", `/api/v1/reports?repository_url=https://${SECRET}/x`);
	service.child.kill("SIGTERM");
	await service.ended();
	expectSilence();
});

test("on stdio too, the id that a tool names stands in the log", async () => {
	const transport = new StdioClientTransport({
		command: process.execPath,
		args: ["src/main.ts", "mcp"],
		env: { PATH: process.env.PATH ?? "", DATABASE_URL: databaseUrl },
		stderr: "pipe",
	});
	const log = text(transport.stderr as PassThrough);
	const client = new Client({ name: "test", version: "1.0.0" });
	await client.connect(transport);
	await database.query("alter table mcp_server_reports rename to elsewhere");
	const result = await client.callTool({ name: "list_servers" });
	await client.close();
	const id = /request id (\S+)\./.exec(JSON.stringify(result))?.[1];
	const errors = (await log)
		.split("\n")
		.filter((line) => line.includes("unexpected error"))
		.map((line) => JSON.parse(line));
	expect(errors).toMatchObject([{ request_id: id }]);
});

test.each([
	["ends", ""],
	["exits in the midst", "process.exit(3);"],
	["fails", "throw new Error('unforeseen');"],
])("the last lines are written when the process %s", async (_, end) => {
	const logging = new URL("../../src/core/logging.ts", import.meta.url).href;
	const program = `
		import { createLogger } from ${JSON.stringify(logging)};
		const log = createLogger("info", 1);
		log.info("last but one");
		log.info("last");
		${end}`;
	const { stdout } = spawnSync(
		process.execPath,
		["--input-type=module", "--eval", program],
		{ encoding: "utf8" },
	);
	const lines = stdout.trim().split("\n");
	expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
		"last but one",
		"last",
	]);
});

test("a log that nobody reads holds up neither the service nor its end", async () => {
	const logging = new URL("../../src/core/logging.ts", import.meta.url).href;
	const program = `
		import { createLogger } from ${JSON.stringify(logging)};
		const log = createLogger("info", 1);
		let turns = 0;
		setInterval(() => {
			for (let line = 0; line < 100; line += 1) log.info("x".repeat(1000));
			turns += 1;
			if (turns < 100) return;
			process.stderr.write("all of it was logged");
			process.exit(0);
		}, 1);`;
	const child = spawn(
		process.execPath,
		["--input-type=module", "--eval", program],
		{ stdio: ["ignore", "pipe", "pipe"] },
	);
	onTestFinished(() => void child.kill("SIGKILL"));
	const [[code], said] = await Promise.all([
		once(child, "exit"),
		text(child.stderr),
	]);
	expect([code, said]).toEqual([0, "all of it was logged"]);
}, 30_000);
