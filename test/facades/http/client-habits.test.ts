import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
	newReport,
	startService,
	submit,
	type TestService,
} from "../../support/helpers.ts";

let service: TestService;
let id: string;
beforeAll(async () => {
	service = await startService(afterAll);
	({ id } = await submit(service));
});

const json = { "content-type": "application/json" };
const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
const decision = JSON.stringify({
	status: "rejected",
	reviewed_by: "platform@intility.no",
});

describe("a body that curl labels as a form, because nobody told it otherwise", () => {
	const form = { "content-type": "application/x-www-form-urlencoded" };

	test.each([
		"application/x-www-form-urlencoded",
		"application/x-www-form-urlencoded; charset=UTF-8",
		"Application/X-WWW-Form-Urlencoded",
	])("is read as JSON where it is a PATCH: %s", async (type) => {
		const report = await submit(service);
		const { status, body } = await service.ask({
			method: "PATCH",
			url: `/api/v1/reports/${report.id}/status`,
			headers: { "content-type": type },
			payload: decision,
		});
		expect(body).toMatchObject({ id: report.id, status: "rejected" });
		expect(status).toBe(200);
	});

	test("is refused as any other where it is no JSON", async () => {
		const { status, body } = await service.ask({
			method: "PATCH",
			url: `/api/v1/reports/${id}/status`,
			headers: form,
			payload: "status=approved&reviewed_by=kim%40example.com",
		});
		expect(status).toBe(400);
		expect(body.detail).toContain("not valid JSON");
	});

	test.each([
		"/api/v1/reports",
		"/api/v1/reports/check",
		"/trpc/reports.submit",
		"/mcp",
	])(
		"is refused where a form of another site's page could have sent it: POST %s",
		async (url) => {
			const { status, body } = await service.ask({
				method: "POST",
				url,
				headers: form,
				payload: JSON.stringify(newReport()),
			});
			expect(status).toBe(415);
			expect(JSON.stringify(body)).toContain(
				"Send the body as JSON, with the header Content-Type: application/json.",
			);
		},
	);

	test("is a form on a page", async () => {
		const report = await submit(service);
		const { status } = await service.ask({
			method: "POST",
			url: `/reports/${report.id}/decision`,
			headers: form,
			payload: decision,
		});
		expect(status).toBe(403);
	});
});

describe("what a client accepts", () => {
	test.each<[accept: string | undefined, status: number]>([
		[undefined, 200],
		["", 200],
		["*/*", 200],
		["*", 200],
		["application/*", 200],
		["application/json", 200],
		["APPLICATION/JSON", 200],
		["application/json; charset=utf-8", 200],
		["application/json;q=0.1, text/html", 200],
		["application/json, text/plain, */*", 200],
		["application/json, text/event-stream", 200],
		["text/event-stream, application/json", 200],
		["text/html, */*;q=0.1", 200],
		["text/html", 406],
		["text/event-stream", 406],
		["application/json;q=0", 406],
		["application/json;q=0, */*", 406],
		["*/*;q=0", 406],
		["application/*;q=0, text/event-stream", 406],
	])("is read as RFC 9110 has it on /mcp: %s", async (accept, expected) => {
		const { status, body } = await service.ask({
			method: "POST",
			url: "/mcp",
			headers: { ...json, ...(accept !== undefined && { accept }) },
			payload: ping,
		});
		expect(status).toBe(expected);
		expect(body).toMatchObject(
			expected === 200
				? { id: 1, result: {} }
				: {
						jsonrpc: "2.0",
						error: { message: expect.stringContaining("application/json") },
					},
		);
	});

	test.each([
		[undefined, 200],
		["*/*", 200],
		["application/json", 200],
		["text/event-stream", 200],
		["text/html", 406],
		["application/json;q=0, text/event-stream;q=0", 406],
	])(
		"is read so in the protocol of 2026-07-28, too: %s",
		async (accept, expected) => {
			const { status } = await service.ask({
				method: "POST",
				url: "/mcp",
				headers: {
					...json,
					...(accept !== undefined && { accept }),
					"mcp-protocol-version": "2026-07-28",
					"mcp-method": "tools/list",
				},
				payload: {
					...ping,
					method: "tools/list",
					params: {
						_meta: {
							"io.modelcontextprotocol/protocolVersion": "2026-07-28",
							"io.modelcontextprotocol/clientInfo": { name: "t", version: "1" },
							"io.modelcontextprotocol/clientCapabilities": {},
						},
					},
				},
			});
			expect(status).toBe(expected);
		},
	);

	test.each<[accept: string | undefined, isPage: boolean]>([
		["text/html", true],
		["TEXT/HTML", true],
		["text/*", true],
		["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true],
		["text/html;q=0.5, application/json;q=0.4", true],
		["text/html;q=0.5, application/json", false],
		["text/html;q=0", false],
		["text/html;q=0, */*", false],
		["*/*", false],
		["application/json", false],
		["", false],
		[undefined, false],
	])("decides whether an error is a page: %s", async (accept, isPage) => {
		const { status, headers } = await service.ask({
			url: "/nothing",
			headers: accept === undefined ? {} : { accept },
		});
		expect(status).toBe(404);
		expect(headers["content-type"]).toMatch(
			isPage ? /^text\/html/ : /^application\/problem\+json/,
		);
	});

	test.each(["text/html", "image/png", "*/*;q=0", ";;,"])(
		"does not keep the API from answering JSON: %s",
		async (accept) => {
			const { status } = await service.ask({
				url: "/api/v1/reports",
				headers: { accept },
			});
			expect(status).toBe(200);
		},
	);
});

describe("a slash at the end of a path", () => {
	test.each([
		"/api/v1/reports",
		"/api/v1/reports/{id}",
		"/api/v1/reports/{id}/assessment",
		"/api/v1/servers",
		"/api/v1/openapi.json",
		"/openapi.json",
		"/healthz",
		"/readyz",
		"/servers",
		"/reports/{id}",
		"/checklist",
		"/overview",
		"/trpc/health.live",
	])("changes nothing: GET %s", async (path) => {
		const url = path.replace("{id}", id);
		const read = async (url: string) => {
			const { status, body } = await service.ask({ url });
			expect(status).toBe(200);
			// Each page has a form token of its own, and says how long ago something was.
			return JSON.stringify(body)
				.replaceAll(/(?<=csrf\W+value=\\")[\w-]+/g, "")
				.replaceAll(/\d+ (s|min)\b/g, "");
		};
		const without = await read(url);
		expect(await read(`${url}/`)).toBe(without);
		expect(await read(`${url}/?`)).toBe(without);
	});

	test("keeps the query, and leads to addresses without it", async () => {
		const list = "/api/v1/reports/?limit=1&status=all";
		const { body, headers } = await service.ask({ url: list });
		expect(body).toHaveLength(1);
		expect(headers.link).toMatch(/^<\/api\/v1\/reports\?/);
		const made = await service.ask({
			method: "POST",
			url: "/api/v1/reports/",
			payload: newReport(),
		});
		expect(made.status).toBe(201);
		expect(made.headers.location).toBe(`/api/v1/reports/${made.body.id}`);
		const decided = await service.ask({
			method: "PATCH",
			url: `/api/v1/reports/${made.body.id}/status/`,
			payload: JSON.parse(decision),
		});
		expect(decided.status).toBe(200);
	});

	test("changes nothing for MCP", async () => {
		const { status, body } = await service.ask({
			method: "POST",
			url: "/mcp/",
			headers: { ...json, accept: "*/*" },
			payload: ping,
		});
		expect(status).toBe(200);
		expect(body).toMatchObject({ result: {} });
	});

	test.each(["//", "/api/v1/reports//", "/api/v1//reports", "/nothing/"])(
		"makes no other path of one that is none: %s",
		async (url) => {
			expect((await service.ask({ url })).status).toBe(404);
		},
	);

	test("means nothing behind the reference, either", async () => {
		expect((await service.ask({ url: "/docs/" })).status).toBe(200);
	});
});

describe("a compressed body", () => {
	const places = [
		["POST", "/api/v1/reports", newReport()],
		["POST", "/trpc/reports.submit", newReport()],
		["POST", "/trpc/reports.submit?batch=1", { 0: newReport() }],
		["POST", "/mcp", ping],
		["PATCH", "/api/v1/reports/{id}/status", JSON.parse(decision)],
	] as const;
	const codings = [
		...["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "compress"],
		...["gzip, gzip", "identity, gzip", "gzip, identity", "unheard-of"],
	];

	test.each(
		places.flatMap(([method, url, body]) =>
			codings.map((coding) => [coding, method, url, body] as const),
		),
	)(
		"is refused, and told how it is taken: %s on %s %s",
		async (coding, method, url, body) => {
			const { status, headers } = await service.ask({
				method,
				url: url.replace("{id}", id),
				headers: { ...json, accept: "*/*", "content-encoding": coding },
				payload: gzipSync(JSON.stringify(body)),
			});
			expect(status).toBe(415);
			expect(headers["accept-encoding"]).toBe("identity");
		},
	);

	test.each(["identity", "Identity", "", " ", "identity, identity", ","])(
		"is none where nothing was done to it: %j",
		async (coding) => {
			const { status } = await service.ask({
				method: "POST",
				url: "/mcp",
				headers: { ...json, accept: "*/*", "content-encoding": coding },
				payload: ping,
			});
			expect(status).toBe(200);
		},
	);
});
