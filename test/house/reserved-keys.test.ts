import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
	newReport,
	startService,
	type TestService,
} from "../support/helpers.ts";
import { startProcess } from "../support/service-process.ts";

let service: TestService;
beforeAll(async () => {
	service = await startService(afterAll);
});

const { report_data, ...rest } = newReport();
const report = { ...rest, report_data };
const asTool = { ...rest, report_markdown: report_data };

/** Objects with a key that changes more than the object where a program copies it. */
const reserved = [
	'{"__proto__":{"status":"approved"}}',
	'{"__proto__":null}',
	'{"a":[{"b":{"__proto__":1}}]}',
	'{"\\u005f_proto__":{}}',
	'{"constructor":{"prototype":{"x":1}}}',
];

/** An object as JSON, with one more member, and its JSON. */
const withMember = (object: object, name: string, json: string) =>
	`${JSON.stringify(object).slice(0, -1)},"${name}":${json}}`;

/** What large bodies have: they are read in another process. */
const large = { ...report, report_data: "# Report\n".repeat(10_000) };

const call = (name: string, input: string) =>
	`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}","arguments":${input}}}`;

/** Every place where an object of the caller's own comes in. */
const doors: Record<string, (json: string) => [url: string, body?: string]> = {
	REST: (json) => ["/api/v1/reports", withMember(report, "report_json", json)],
	"REST, large": (json) => [
		"/api/v1/reports",
		withMember(large, "report_json", json),
	],
	"REST, beside what is known": (json) => [
		"/api/v1/reports",
		withMember(report, "x", json),
	],
	tRPC: (json) => [
		"/trpc/reports.submit",
		withMember(report, "report_json", json),
	],
	"tRPC, large": (json) => [
		"/trpc/reports.submit",
		withMember(large, "report_json", json),
	],
	"tRPC, a batch": (json) => [
		"/trpc/reports.submit?batch=1",
		`{"0":${withMember(report, "report_json", json)}}`,
	],
	"tRPC, a query": (json) => [
		`/trpc/reports.list?input=${encodeURIComponent(json)}`,
	],
	"tRPC, a batch of queries": (json) => [
		`/trpc/reports.list?batch=1&input=${encodeURIComponent(`{"0":${json}}`)}`,
	],
	MCP: (json) => [
		"/mcp",
		call("submit_report", withMember(asTool, "report_json", json)),
	],
	"MCP, a text": (json) => [
		"/mcp",
		call(
			"submit_report",
			withMember(asTool, "report_json", JSON.stringify(json)),
		),
	],
	"MCP, arguments": (json) => ["/mcp", call("list_servers", json)],
};

test.each(
	Object.entries(doors).flatMap(([door, make]) =>
		reserved.map((json) => [door, json, make] as const),
	),
)("%s refuses %s, and stores nothing", async (_door, json, make) => {
	const [url, payload] = make(json);
	const { body } = await service.ask({
		url,
		method: payload === undefined ? "GET" : "POST",
		headers: { "content-type": "application/json", accept: "*/*" },
		...(payload !== undefined && { payload }),
	});
	expect(JSON.stringify(body)).toContain("that JavaScript reserves: __proto__");
	const stored = await service.db
		.selectFrom("mcp_server_reports")
		.select("id")
		.execute();
	expect(stored).toEqual([]);
});

/** An MCP server on standard input, which is told lines and says lines. */
function startMcp() {
	const { child } = startProcess(
		["mcp"],
		{ DATABASE_URL: service.databaseUrl },
		undefined,
		undefined,
		undefined,
		"pipe",
	);
	const lines = createInterface({ input: child.stdout as never });
	return {
		tell: (bytes: string | Buffer) => child.stdin?.write(bytes),
		async hear() {
			const [line] = await once(lines, "line");
			return JSON.parse(line);
		},
	};
}

const initialize = `${JSON.stringify({
	jsonrpc: "2.0",
	id: 0,
	method: "initialize",
	params: {
		protocolVersion: "2025-06-18",
		capabilities: {},
		clientInfo: { name: "test", version: "1" },
	},
})}\n`;

test("MCP on standard input refuses them as well, and goes on", async () => {
	const { tell, hear } = startMcp();
	tell(initialize);
	expect(await hear()).toMatchObject({ id: 0, result: {} });
	for (const json of reserved) {
		for (const input of [
			call("submit_report", withMember(asTool, "report_json", json)),
			call("list_servers", json),
		]) {
			tell(`${input}\n`);
			expect(JSON.stringify(await hear())).toContain("__proto__");
		}
	}
	tell(`${call("list_servers", "{}")}\n`);
	expect(await hear()).toMatchObject({ id: 1, result: {} });
});

test.each([
	["behind a byte order mark", [`\uFEFF${initialize}`]],
	[
		"behind a byte order mark that comes in pieces",
		[
			Buffer.from([0xef]),
			Buffer.from([0xbb]),
			Buffer.concat([Buffer.from([0xbf]), Buffer.from(initialize)]),
		],
	],
	["without one", [initialize]],
])("initialize %s is answered on standard input", async (_title, pieces) => {
	const { tell, hear } = startMcp();
	for (const piece of pieces) {
		tell(piece);
		await new Promise((done) => setTimeout(done, 50));
	}
	expect(await hear()).toMatchObject({ id: 0, result: {} });
});
