import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
	newReport,
	startService,
	submit,
	type TestService,
} from "../../support/helpers.ts";

const KIB = 1024;
const json = { "content-type": "application/json" };
const mcp = { ...json, accept: "application/json, text/event-stream" };

let service: TestService;
let id: string;

beforeAll(async () => {
	service = await startService(afterAll);
	({ id } = await submit(service));
	await service.listen();
});

const ask = (url: string, payload: string, headers: object = mcp) =>
	service.ask({
		method: url.endsWith("/status") ? "PATCH" : "POST",
		url: url.replace("{id}", id),
		headers: { ...headers },
		payload,
	});

/** JSON of so many bytes, most of them in a member that nobody asked for. */
const padded = (value: object, bytes: number) => {
	const text = JSON.stringify({ ...value, padding: "" });
	return text.replace('"padding":""', () => {
		return `"padding":"${"x".repeat(bytes - text.length)}"`;
	});
};

const decision = { status: "approved", reviewed_by: "kim@example.com" };
const small = "at most 64 KiB are accepted here";
const large = "at most 8 MiB are accepted here";

test.each([
	["REST, a decision", "/api/v1/reports/{id}/status", 64, small],
	["REST, a withdrawal", "/api/v1/reports/{id}/withdraw", 64, small],
	["REST, what does not exist", "/api/v1/nothing", 64, small],
	["REST, a submission", "/api/v1/reports", 8192, large],
	["REST, a check", "/api/v1/reports/check", 8192, large],
	["tRPC, a decision", "/trpc/reports.setStatus", 64, small],
	["tRPC, what does not exist", "/trpc/reports.x", 64, small],
	["tRPC, a name of Object's", "/trpc/constructor", 64, small],
	["tRPC, a submission", "/trpc/reports.submit", 8192, large],
	["tRPC, a check", "/trpc/reports%2echeck", 8192, large],
	[
		"tRPC, a batch without a report",
		"/trpc/reports.setStatus,tokens.create?batch=1",
		64,
		small,
	],
	[
		"tRPC, a batch with a report",
		"/trpc/reports.setStatus,reports.submit?batch=1",
		8192,
		large,
	],
	["MCP", "/mcp", 8192, large],
])(
	"%s has its limit, before anything is parsed, and says so in its own shape",
	async (_what, url, kib, words) => {
		const within = await ask(url, "x".repeat(kib * KIB));
		expect(JSON.stringify(within.body)).not.toContain("too large");
		const { status, headers, body } = await ask(url, "x".repeat(kib * KIB + 1));
		expect(status).toBe(413);
		expect(JSON.stringify(body)).toContain(words);
		const id = headers["x-request-id"];
		if (url === "/mcp") {
			expect(body).toMatchObject({ jsonrpc: "2.0", error: { code: -32000 } });
		} else if (url.startsWith("/trpc")) {
			const data = { code: "PAYLOAD_TOO_LARGE", httpStatus: 413 };
			expect(body.error).toMatchObject({ code: -32013, data });
			expect(body.error.data.request_id).toBe(id);
		} else {
			const type = headers["content-type"];
			expect(type).toMatch(/^application\/problem\+json/);
			expect(body).toMatchObject({ status, request_id: id });
		}
	},
);

test("a form has a limit, in which notes of 10,000 characters fit however they are encoded", async () => {
	const headers = {
		accept: "text/html",
		"content-type": "application/x-www-form-urlencoded",
		"sec-fetch-site": "same-origin",
	};
	const send = (review_notes: string) =>
		ask(
			"/reports/{id}/decision",
			new URLSearchParams({ csrf: "x", review_notes }).toString(),
			headers,
		);
	expect((await send("語".repeat(10_000))).status).not.toBe(413);
	const { status, body } = await send("語".repeat(11_000));
	expect(status).toBe(413);
	expect(body).toContain("at most 96 KiB are accepted here");
});

const call = (name: string, input: object, bytes: number) => ({
	jsonrpc: "2.0",
	id: 1,
	method: "tools/call",
	params: { name, arguments: JSON.parse(padded(input, bytes)) },
});

test.each([
	[
		"a call of a tool that takes no report",
		[call("get_report", { id: "" }, 65 * KIB)],
	],
	["a list of them", [call("list_servers", {}, 65 * KIB)]],
	[
		"a message that is no call",
		[{ jsonrpc: "2.0", id: 1, method: "ping", x: "x".repeat(65 * KIB) }],
	],
	[
		"what surrounds the arguments of one that takes one",
		[
			{
				...call("check_report", { report_markdown: "# A" }, 200),
				x: "x".repeat(65 * KIB),
			},
		],
	],
	[
		"one call of several",
		[
			call("check_report", { report_markdown: "# A".repeat(90_000) }, 300_000),
			call("withdraw_report", { id: "" }, 65 * KIB),
		],
	],
])("over MCP, %s is refused beyond 64 KiB", async (_what, messages) => {
	for (const body of messages.length === 1
		? [messages, messages[0]]
		: [messages]) {
		const answer = await ask("/mcp", JSON.stringify(body));
		expect(answer.status).toBe(413);
		expect(answer.body.error).toMatchObject({
			code: -32000,
			message: expect.stringMatching(/takes at most 64 KiB, and this is more/),
		});
	}
});

test("a call of a tRPC batch that takes no report is refused beyond 64 KiB", async () => {
	const { status, body } = await ask(
		"/trpc/reports.check,reports.setStatus?batch=1",
		JSON.stringify({
			0: { report_data: "# A" },
			1: JSON.parse(padded({ id, ...decision }, 65 * KIB)),
		}),
	);
	expect(status).toBe(413);
	expect(body.error.message).toMatch(
		/^reports\.setStatus takes at most 64 KiB/,
	);
	const { body: report } = await ask("/api/v1/reports/check", "{}");
	expect(report.status).toBe(400);
});

test.each([
	["REST", "/api/v1/reports"],
	["tRPC", "/trpc/reports.submit"],
	["MCP", "/mcp"],
])(
	"JSON over %s holds 100,000 values and names at the most",
	async (_way, url) => {
		for (const body of [
			`{"a":[${"1,".repeat(100_000)}1]}`,
			`[${"[],".repeat(50_001)}[]]`,
			`{${Array.from({ length: 50_001 }, (_, n) => `"${n}":1`)}}`,
		]) {
			const answer = await ask(url, body);
			expect(answer.status).toBe(413);
			expect(JSON.stringify(answer.body)).toContain(
				"contains more than 100000 values and names",
			);
		}
		// In text they are none.
		const { body } = await ask(
			url,
			JSON.stringify({ a: ",:[{".repeat(50_000) }),
		);
		expect(JSON.stringify(body)).not.toContain("values and names");
	},
);

test.each([
	["REST", (input: string) => ask("/api/v1/reports", input)],
	["tRPC", (input: string) => ask("/trpc/reports.submit", input)],
	[
		"a batch of tRPC",
		(input: string) => ask("/trpc/reports.submit?batch=1", `{"0":${input}}`),
	],
	[
		"MCP",
		(input: string) =>
			ask(
				"/mcp",
				`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"submit_report","arguments":${input}}}`,
			),
	],
])(
	"keys that JavaScript reserves are refused alike over %s, small or large",
	async (_way, send) => {
		const report = JSON.stringify(newReport()).slice(0, -1);
		for (const reserved of [
			'"__proto__":{"a":1}',
			'"\\u005f_proto__":1',
			'"constructor":{"prototype":1}',
		]) {
			for (const padding of ["", "x".repeat(70 * KIB)]) {
				const input = `${report},"x":"${padding}","report_json":{"a":[{${reserved}}]}}`;
				const { status, body } = await send(input);
				expect(status).toBe(400);
				expect(JSON.stringify(body)).toContain(
					"a key that JavaScript reserves",
				);
			}
		}
	},
);

test.each(["", "x".repeat(70 * KIB)])(
	"what is stored is the same through every way in, whatever size the body has",
	async (padding) => {
		const report_json = {
			a: [1, { b: null, padding }],
			server_info: { name: "another" },
		};
		// Its header names a server.
		const report_data = readFileSync(
			new URL("../../reports/structured-data.md", import.meta.url),
			"utf8",
		);
		const ofRest = newReport({ report_json, report_data, other: padding });
		const ofTrpc = newReport({ report_json });
		const { other: _, ...ofCheck } = ofRest as Record<string, unknown>;
		const { report_data: report_markdown, ...rest } = newReport();
		const rpc = (report_json: unknown) => ({
			jsonrpc: "2.0",
			id: 1,
			method: "tools/call",
			params: {
				name: "submit_report",
				arguments: {
					...rest,
					repository_url: newReport().repository_url,
					report_markdown,
					report_json,
				},
			},
		});
		const rest_ = await ask("/api/v1/reports", JSON.stringify(ofRest));
		const trpc = await ask("/trpc/reports.submit", JSON.stringify(ofTrpc));
		const batch = await ask(
			"/trpc/reports.check,reports.submit?batch=1",
			JSON.stringify({ 1: newReport({ report_json }), 0: ofCheck }),
		);
		const [checked, submitted] = batch.body;
		expect(checked.result.data.findings).toContainEqual(
			expect.objectContaining({ rule: "structured-data-contradiction" }),
		);
		for (const report of [
			rest_.body,
			trpc.body.result.data,
			submitted.result.data,
		]) {
			expect(report.report_json).toEqual(report_json);
		}
		for (const given of [report_json, JSON.stringify(report_json)]) {
			const { body } = await ask("/mcp", JSON.stringify(rpc(given)));
			const { text } = body.result.content[0];
			const [, id] = /Report ID:\*\* (\S+)/.exec(text) ?? [];
			const read = await service.ask({ url: `/api/v1/reports/${id}` });
			expect(read.body.report_json).toEqual(report_json);
		}
	},
);

test.each([
	['{"n":1e400}', "numbers that JSON cannot represent"],
	['{"n":"a\\u0000"}', "NUL or lone surrogate"],
	[`{"n":${"[".repeat(101)}${"]".repeat(101)}}`, "deeper than 100 levels"],
	["[1]", "Must be a JSON object."],
	['"{}"', "Must be a JSON object."],
])(
	"structured data as in %s is refused in the same words in a large body",
	async (report_json, words) => {
		for (const padding of ["", "x".repeat(70 * KIB)]) {
			const report = JSON.stringify(newReport({ padding })).slice(0, -1);
			const { status, body } = await ask(
				"/api/v1/reports",
				`${report},"report_json":${report_json}}`,
			);
			expect(status).toBe(400);
			expect(body.issues).toMatchObject([
				{ path: "report_json", message: expect.stringContaining(words) },
			]);
		}
	},
);

test("a body that is too large is refused as soon as it is announced, and by what arrives", async () => {
	const { port } = service.app.server.address() as { port: number };
	for (const [head, bytes] of [
		["Content-Length: 70000", 0],
		["Transfer-Encoding: chunked", 70_000],
	] as const) {
		const socket = connect(port, "127.0.0.1");
		onTestFinished(() => void socket.destroy());
		const start = performance.now();
		socket.write(
			`PATCH /api/v1/reports/${id}/status HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${head}\r\n\r\n`,
		);
		if (bytes)
			socket.write(`${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n`);
		const [answer] = await once(socket, "data");
		expect(String(answer)).toMatch(/^HTTP\/1\.1 413 /);
		// The rest may still come, but not for long.
		await once(socket, "close");
		expect(performance.now() - start).toBeLessThan(8_000);
	}
	await wait(1);
});
