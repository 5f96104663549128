import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { createClient } from "../../../src/facades/trpc/client.ts";
import {
	newReport,
	startService,
	type TestService,
} from "../../support/helpers.ts";

const json = { "content-type": "application/json" };
const page = { accept: "text/html" };

test("a URL that is too long is refused with 414, in each way's own shape", async () => {
	const service = await startService();
	const long = "x".repeat(8_000);
	const ask = (url: string, headers = {}) => service.ask({ url, headers });

	const rest = await ask(`/api/v1/reports?search=${long}`);
	expect(rest).toMatchObject({
		status: 414,
		body: { title: "URI Too Long", status: 414, code: "BAD_REQUEST" },
	});
	const trpc = await ask(`/trpc/reports.list?input=${long}`);
	expect(trpc).toMatchObject({
		status: 414,
		body: { error: { data: { httpStatus: 414 } } },
	});
	const web = await ask(`/?search=${long}`, page);
	expect(web.status).toBe(414);
	expect(web.body).toContain("This address is too long");
	const mcp = await service.ask({
		method: "POST",
		url: `/mcp?${long}`,
		headers: json,
		payload: "{}",
	});
	expect(mcp).toMatchObject({ status: 414, body: { error: { code: -32000 } } });
	// A part of the path, on which the router gives up by itself.
	const path = await ask(`/api/v1/reports/${"x".repeat(6_000)}`);
	expect(path).toMatchObject({ status: 414, body: { status: 414 } });
});

const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
const tooDeep = /nested deeper than 128 levels/;

test.each([
	["REST", "/api/v1/reports"],
	["tRPC", "/trpc/reports.submit"],
	["tRPC in a batch", "/trpc/reports.submit,reports.submit?batch=1"],
	["MCP", "/mcp"],
])(
	"JSON that is nested too deeply is refused over %s before it is read",
	async (_facade, url) => {
		const service = await startService();
		const ask = (payload: string) =>
			service.ask({ method: "POST", url, headers: json, payload });
		for (const payload of [
			`{"a":${nested(128)}}`,
			`{"a\\"[":"]]\\\\",  "b":${nested(100_000)}}`,
			"[".repeat(1_000_000),
			'{"a":'.repeat(129),
		]) {
			const { status, body } = await ask(payload);
			expect(status, payload.slice(0, 20)).toBe(400);
			expect(JSON.stringify(body)).toMatch(tooDeep);
		}
		for (const payload of [
			`{"a":${nested(127)}}`,
			// Brackets in text are no levels.
			JSON.stringify({
				a: `"${"[{".repeat(500)}\\`,
				b: `\\"${"[".repeat(500)}`,
			}),
			JSON.stringify(Array(200).fill([{}])),
		]) {
			const { body } = await ask(payload);
			expect(JSON.stringify(body)).not.toMatch(tooDeep);
		}
	},
);

test("structured data of 100 levels comes through every way in", async () => {
	const service = await startService();
	const base = await service.listen();
	const report_json = JSON.parse(`{"a":${nested(99)}}`);
	const { status } = await service.ask({
		method: "POST",
		url: "/api/v1/reports",
		payload: newReport({ report_json }),
	});
	expect(status).toBe(201);
	const client = createClient(base);
	await Promise.all([
		client.reports.submit.mutate(newReport({ report_json })),
		client.reports.submit.mutate(newReport({ report_json })),
	]);
	const { report_data, ...report } = newReport({ report_json });
	const { body } = await service.ask({
		method: "POST",
		url: "/mcp",
		headers: { ...json, accept: "application/json, text/event-stream" },
		payload: {
			jsonrpc: "2.0",
			id: 1,
			method: "tools/call",
			params: {
				name: "submit_report",
				arguments: { ...report, report_markdown: report_data },
			},
		},
	});
	expect(body.result.content[0].text).toContain("submitted successfully");
});

test("a tRPC batch has 20 calls at the most, and the client keeps to it", async () => {
	const service = await startService();
	const base = await service.listen();
	const batch = (calls: number) =>
		service.ask({
			url: `/trpc/${Array(calls).fill("health.live").join(",")}?batch=1&input={}`,
		});
	expect((await batch(20)).body).toHaveLength(20);
	const { status, body } = await batch(21);
	expect(status).toBe(400);
	expect(body.error).toMatchObject({
		message: expect.stringContaining("up to 20 calls, and this one has more"),
		data: { code: "BAD_REQUEST", request_id: expect.any(String) },
	});
	const hidden = await service.ask({
		url: `/trpc/${Array(21).fill("health.live").join("%252C")}?batch=1&input={}`,
	});
	expect(hidden.status).toBe(400);

	const client = createClient(base);
	const all = Array.from({ length: 120 }, () =>
		client.reports.setStatus.mutate({
			id: randomUUID(),
			status: "approved",
			reviewed_by: "kim@example.com",
		}),
	);
	for (const answer of await Promise.allSettled(all)) {
		expect(answer).toMatchObject({ reason: { data: { httpStatus: 404 } } });
	}
});

const quick = { headers: 300, request: 600, interval: 50 };

async function open(service: TestService): Promise<Socket> {
	const { port } = service.app.server.address() as { port: number };
	const socket = connect(port, "127.0.0.1");
	socket.on("error", () => {});
	onTestFinished(() => void socket.destroy());
	await once(socket, "connect");
	return socket;
}

/** Writes a byte every 20 ms until the other side hangs up; gives the answer and the time that it took. */
async function dribble(socket: Socket, bytes: string) {
	const start = performance.now();
	const answer = text(socket);
	for (const byte of bytes) {
		if (!socket.writable) break;
		socket.write(byte);
		await wait(20);
	}
	const [head = "", body = "{}"] = (await answer).split("\r\n\r\n");
	return { head, body, milliseconds: performance.now() - start };
}

test.each([
	["headers", `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(500)}`],
	[
		"a body",
		`POST /api/v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n${"x".repeat(500)}`,
	],
])(
	"a connection that sends %s byte by byte is ended with 408",
	async (what, bytes) => {
		const service = await startService(undefined, { timeouts: quick });
		await service.listen();
		const socket = await open(service);
		const [head = "", body] = bytes.split("\r\n\r\n");
		const isBody = what === "a body";
		if (isBody) socket.write(`${head}\r\n\r\n`);
		const answer = await dribble(socket, (isBody ? body : head) ?? "");
		expect(answer.head).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
		expect(answer.head).toMatch(/^content-type: application\/problem\+json/im);
		expect(JSON.parse(answer.body)).toMatchObject({
			status: 408,
			code: "TIMEOUT",
			detail: "The request did not arrive in time. Send it again.",
		});
		expect(answer.milliseconds).toBeLessThan(3_000);
		expect((await service.ask({ url: "/readyz" })).status).toBe(200);
		expect(service.logs.join()).not.toContain("unexpected error");
	},
);

test("a connection that says nothing is ended, and so is one that stays after its answer", async () => {
	const service = await startService(undefined, {
		timeouts: { ...quick, keepAlive: 200 },
	});
	await service.listen();
	const silent = await open(service);
	const start = performance.now();
	await text(silent);
	expect(performance.now() - start).toBeLessThan(3_000);

	const lingering = await open(service);
	lingering.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
	expect(await text(lingering)).toMatch(/^HTTP\/1\.1 200/);
	expect(performance.now() - start).toBeLessThan(6_000);
});

test("a connection on which nothing moves is ended, whoever has the word", async () => {
	const service = await startService(undefined, { timeouts: { silence: 200 } });
	await service.listen();
	const start = performance.now();
	await text(await open(service));
	expect(performance.now() - start).toBeLessThan(3_000);
});

test("connections beyond the limit are closed, and the others served", async () => {
	const service = await startService(undefined, { MAX_CONNECTIONS: 3 });
	await service.listen();
	const sockets = [
		await open(service),
		await open(service),
		await open(service),
	];
	for (let count = 0; count < 2; count++) {
		expect(await text(await open(service))).toBe("");
	}
	const [first] = sockets as [Socket];
	first.write(
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	);
	expect(await text(first)).toMatch(/^HTTP\/1\.1 200/);
	const next = await open(service);
	next.write(
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	);
	expect(await text(next)).toMatch(/^HTTP\/1\.1 200/);
	const said = service.logs.filter((line) => line.includes("MAX_CONNECTIONS"));
	expect(said).toHaveLength(1);
});

/** Holds everything in this process up, and lets the service see it. */
async function overload() {
	const end = performance.now() + 300;
	while (performance.now() < end);
	await wait(1);
}

test("under overload every way in says so at once, probes are answered, and it passes", async () => {
	const service = await startService(undefined, {
		overload: { maxEventLoopDelay: 10, sampleInterval: 200 },
	});
	const ask = async (request: Parameters<TestService["ask"]>[0]) => {
		for (let count = 0; count < 20; count++) {
			await overload();
			const probes = [
				await service.ask({ url: "/healthz" }),
				await service.ask({ url: "/readyz" }),
			];
			for (const { status } of probes) expect(status).toBe(200);
			const answer = await service.ask(request);
			if (answer.status === 200) continue;
			expect(answer.status).toBe(503);
			expect(answer.headers["retry-after"]).toBe("5");
			expect(JSON.stringify(answer.body)).toContain(
				"The service is overloaded at the moment.",
			);
			return answer;
		}
		throw new Error("it was never overloaded");
	};
	const rest = await ask({ url: "/api/v1/reports" });
	expect(rest.headers["content-type"]).toMatch(/^application\/problem\+json/);
	expect(rest.body).toMatchObject({ status: 503, code: "SERVICE_UNAVAILABLE" });
	const trpc = await ask({ url: "/trpc/health.live" });
	expect(trpc.body.error.data).toMatchObject({ httpStatus: 503 });
	const mcp = await ask({
		method: "POST",
		url: "/mcp",
		headers: { ...json, accept: "application/json, text/event-stream" },
		payload: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
	});
	expect(mcp.body).toMatchObject({ jsonrpc: "2.0", error: { code: -32603 } });
	const web = await ask({ url: "/", headers: page });
	expect(web.headers["content-type"]).toMatch(/^text\/html/);

	const said = service.logs.filter((line) => line.includes("overloaded:"));
	expect(said).toHaveLength(1);
	expect(service.logs.join()).not.toContain("out of reach");
	await expect
		.poll(async () => (await service.ask({ url: "/api/v1/reports" })).status, {
			timeout: 10_000,
		})
		.toBe(200);
});
