import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Fastify, { type InjectOptions } from "fastify";
import { sql } from "kysely";
import { expect, onTestFinished, test } from "vitest";
import {
	countRequests,
	forgetPastWindows,
} from "../../../src/facades/http/limits/queries.ts";
import { mountRateLimits } from "../../../src/facades/http/limits/rate-limit.ts";
import {
	makeDatabase,
	startService,
	type TestService,
} from "../../support/helpers.ts";
import { startProvider } from "../../support/provider.ts";

const mcpHeaders = {
	"content-type": "application/json",
	accept: "application/json, text/event-stream",
};

const facades = {
	rest: { method: "GET", url: "/api/v1/reports" },
	trpc: { method: "GET", url: "/trpc/reports.list?input={}" },
	mcp: {
		method: "POST",
		url: "/mcp",
		headers: mcpHeaders,
		payload: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
	},
	web: { method: "GET", url: "/", headers: { accept: "text/html" } },
} as const;

const exceeded =
	/This address has sent more than 2 requests within a minute\. Try again in \d\d seconds\./;

test.each(Object.entries(facades))(
	"whoever asks %s more than the limit allows is told when to come back, in its own shape",
	async (facade, request) => {
		const service = await startService(undefined, { RATE_LIMIT: 2 });
		const base = await service.listen();
		const ask = async () => {
			const { url, payload: body, ...init } = { payload: null, ...request };
			const answer = await fetch(base + url, { ...init, body });
			const { status, headers } = answer;
			return { status, headers, text: await answer.text() };
		};
		const policy = `"${facade}";q=2;w=60`;
		for (const left of [1, 0]) {
			const { status, headers } = await ask();
			expect(status).toBe(200);
			expect(headers.get("ratelimit-policy")).toBe(policy);
			expect(headers.get("ratelimit")).toMatch(
				new RegExp(`^"${facade}";r=${left};t=(60|59)$`),
			);
			expect(headers.get("retry-after")).toBeNull();
		}
		const { status, headers, text } = await ask();
		expect(status).toBe(429);
		expect(headers.get("ratelimit-policy")).toBe(policy);
		const seconds = Number(headers.get("retry-after"));
		expect(seconds).toBeGreaterThan(50);
		expect(seconds).toBeLessThanOrEqual(60);
		expect(headers.get("ratelimit")).toBe(`"${facade}";r=0;t=${seconds}`);
		const id = headers.get("x-request-id");
		const [type] = (headers.get("content-type") ?? "").split(";");
		const message = expect.stringMatching(exceeded);
		if (facade === "web") {
			expect(type).toBe("text/html");
			expect(text).toMatch(exceeded);
			expect(text).toContain("<title>429: Too many requests");
			expect(text).toContain(`Request id: <code>${id}</code>`);
			return;
		}
		expect([type, JSON.parse(text)]).toEqual(
			{
				rest: [
					"application/problem+json",
					{
						type: "about:blank",
						title: "Too Many Requests",
						status: 429,
						detail: message,
						instance: "/api/v1/reports",
						code: "TOO_MANY_REQUESTS",
						request_id: id,
					},
				],
				trpc: [
					"application/json",
					{
						error: {
							message,
							code: -32029,
							data: {
								code: "TOO_MANY_REQUESTS",
								httpStatus: 429,
								request_id: id,
							},
						},
					},
				],
				mcp: [
					"application/json",
					{
						jsonrpc: "2.0",
						error: { code: -32000, message, data: { request_id: id } },
						id: null,
					},
				],
			}[facade],
		);
	},
);

const ping = { jsonrpc: "2.0", id: 1, method: "ping" };

/** One request that holds so many calls. */
const batches: Record<string, (calls: number) => InjectOptions> = {
	trpc: (calls) => ({
		url: `/trpc/${Array(calls).fill("health.live").join(",")}?batch=1&input={}`,
	}),
	"trpc, with commas in disguise": (calls) => ({
		url: `/trpc/${Array(calls).fill("health.live").join("%252C")}?batch=1&input={}`,
	}),
	mcp: (calls) => ({
		method: "POST",
		url: "/mcp",
		headers: mcpHeaders,
		payload: Array.from({ length: calls }, (_, id) => ({ ...ping, id })),
	}),
	"mcp, large": (calls) => ({
		method: "POST",
		url: "/mcp",
		headers: mcpHeaders,
		payload: JSON.stringify(
			Array.from({ length: calls }, (_, id) => ({ ...ping, id })),
		).padEnd(70_000),
	}),
};

test.each(
	Object.entries(batches).flatMap(([way, batch]) => [
		[way, false, batch] as const,
		[way, true, batch] as const,
	]),
)(
	"a batch over %s counts as many requests as it has calls (together with other instances: %s)",
	async (_way, RATE_LIMIT_SHARED, batch) => {
		const service = await startService(undefined, {
			RATE_LIMIT: 10,
			RATE_LIMIT_SHARED,
		});
		const left = async (calls: number) => {
			const { status, headers } = await service.ask(batch(calls));
			return [status, String(headers.ratelimit).split(";")[1]];
		};
		expect(await left(4)).toEqual([200, "r=6"]);
		expect(await left(1)).toEqual([200, "r=5"]);
		expect(await left(5)).toEqual([200, "r=0"]);
		expect(await left(1)).toEqual([429, "r=0"]);
	},
);

test.each(Object.entries(batches))(
	"a batch over %s is refused whole where it goes beyond the limit, and beyond 20 calls",
	async (_way, batch) => {
		const service = await startService(undefined, { RATE_LIMIT: 19 });
		const { status, headers, body } = await service.ask(batch(20));
		expect(status).toBe(429);
		expect(Number(headers["retry-after"])).toBeGreaterThan(50);
		expect(JSON.stringify(body)).toContain("more than 19 requests");
		const free = await startService();
		expect((await free.ask(batch(20))).body).toHaveLength(20);
		const tooMany = await free.ask(batch(21));
		expect(tooMany.status).toBe(400);
		expect(JSON.stringify(tooMany.body)).toContain(
			"may contain up to 20 calls",
		);
	},
);

test("each way in has a limit of its own; probes and files of pages have none", async () => {
	const service = await startService(undefined, { RATE_LIMIT: 1 });
	const { body: page } = await service.ask(facades.web);
	const [asset = ""] = /\/assets\/[\w-]+\.css/.exec(page) ?? [];
	for (const facade of ["rest", "trpc", "mcp"] as const) {
		expect((await service.ask(facades[facade])).status, facade).toBe(200);
		expect((await service.ask(facades[facade])).status, facade).toBe(429);
	}
	expect((await service.ask(facades.web)).status).toBe(429);
	for (const url of ["/healthz", "/readyz", asset]) {
		for (let count = 0; count < 3; count++) {
			const { status, headers } = await service.ask({ url });
			expect(status, url).toBe(200);
			expect(headers).not.toHaveProperty("ratelimit");
		}
	}
});

test("what does not exist is counted as well, and so is what is refused", async () => {
	const service = await startService(undefined, { RATE_LIMIT: 3 });
	const url = "/api/v1/nothing";
	for (const status of [404, 404, 404, 429]) {
		expect((await service.ask({ url })).status).toBe(status);
	}
	const post = { method: "DELETE", url: "/reports" } as const;
	for (const status of [404, 404, 404, 429]) {
		expect((await service.ask(post)).status).toBe(status);
	}
});

test("a request that is refused has its body left unread", async () => {
	const service = await startService(undefined, { RATE_LIMIT: 1 });
	const submit = {
		method: "POST",
		url: "/api/v1/reports",
		headers: { "content-type": "application/json" },
		payload: "{",
	} as const;
	expect((await service.ask(submit)).status).toBe(400);
	expect((await service.ask(submit)).status).toBe(429);
});

test("a service without a limit counts nothing", async () => {
	const service = await startService(undefined, { RATE_LIMIT: 0 });
	const { status, headers } = await service.ask(facades.rest);
	expect(status).toBe(200);
	expect(headers).not.toHaveProperty("ratelimit");
});

const from = (remoteAddress: string, forwarded?: string) => ({
	...facades.rest,
	remoteAddress,
	...(forwarded && { headers: { "x-forwarded-for": forwarded } }),
});

test("addresses are counted apart, and all of an IPv6 network together", async () => {
	const service = await startService(undefined, { RATE_LIMIT: 1 });
	const asked: [address: string, status: number][] = [
		["192.0.2.1", 200],
		["192.0.2.2", 200],
		["192.0.2.1", 429],
		// IPv4, as a socket for both shows it.
		["::ffff:192.0.2.2", 429],
		["2001:db8:0:1::1", 200],
		["2001:db8:0:1:ffff:ffff:ffff:ffff", 429],
		["2001:DB8:0:1:0:0:0:2", 429],
		["2001:db8:0:2::1", 200],
	];
	for (const [address, status] of asked) {
		expect((await service.ask(from(address))).status, address).toBe(status);
	}
});

test("nobody escapes by naming another address, unless it is the operator's proxy that names it", async () => {
	const direct = await startService(undefined, { RATE_LIMIT: 1 });
	const asked = async (service: TestService, ...given: [string, string?]) =>
		(await service.ask(from(...given))).status;
	expect(await asked(direct, "127.0.0.1", "192.0.2.1")).toBe(200);
	expect(await asked(direct, "127.0.0.1", "192.0.2.2")).toBe(429);

	const proxied = await startService(undefined, {
		RATE_LIMIT: 1,
		TRUST_PROXY: ["10.0.0.0/8"],
	});
	expect(await asked(proxied, "10.1.2.3", "192.0.2.1")).toBe(200);
	expect(await asked(proxied, "10.1.2.3", "192.0.2.2")).toBe(200);
	expect(await asked(proxied, "10.9.9.9", "192.0.2.1")).toBe(429);
	// What the client itself put before the proxy's own entry is no address of a proxy.
	expect(await asked(proxied, "10.1.2.3", "203.0.113.9, 192.0.2.2")).toBe(429);
	expect(await asked(proxied, "198.51.100.1", "203.0.113.1")).toBe(200);
	expect(await asked(proxied, "198.51.100.1", "203.0.113.2")).toBe(429);
	// Some proxies add the client's port, another one for each connection.
	for (const port of [1, 2, 3]) {
		const named = `192.0.2.1:${port}`;
		expect(await asked(proxied, "10.1.2.3", named), named).toBe(429);
	}
	expect(await asked(proxied, "10.1.2.3", "[2001:db8::1]:1")).toBe(200);
	expect(await asked(proxied, "10.1.2.3", "[2001:db8::1]:2")).toBe(429);
	expect(await asked(proxied, "10.1.2.3", "2001:db8::1")).toBe(429);
	// What is no address is counted as the proxy's own.
	expect(await asked(proxied, "10.1.2.3", "<script>")).toBe(200);
	for (const nonsense of ["<script>", "x".repeat(4000), "1.2.3", "[", "a:1"]) {
		expect(await asked(proxied, "10.1.2.3", nonsense), nonsense).toBe(429);
	}
});

/** A service of this test's own whose callers say who they are. */
async function startIdentifying() {
	const app = Fastify();
	const limits = mountRateLimits(app, {
		perMinute: 2,
		isIdentifiedLater: ({ headers }) => headers.authorization !== undefined,
	});
	app.after(() => {
		app.addHook("onRequest", async (request, reply) => {
			const { authorization } = request.headers;
			if (authorization === undefined) return;
			if (authorization === "wrong") {
				await limits.countFailure(request);
				throw Object.assign(new Error("wrong"), { statusCode: 401 });
			}
			await limits.countIdentity(request, reply, authorization);
		});
	});
	app.setErrorHandler((error: Error & { statusCode?: number }, _, reply) =>
		reply.code(error.statusCode ?? 429).send({ detail: error.message }),
	);
	app.get("/api/x", async () => "x");
	onTestFinished(() => app.close());
	return async (remoteAddress: string, authorization?: string) => {
		const headers = authorization ? { authorization } : {};
		const url = "/api/x";
		const answer = await app.inject({ url, remoteAddress, headers });
		return answer.statusCode;
	};
}

test("who is known is counted by name, wherever from, and not by an address that others share", async () => {
	const ask = await startIdentifying();
	expect(await ask("192.0.2.1", "alex")).toBe(200);
	expect(await ask("192.0.2.2", "alex")).toBe(200);
	expect(await ask("192.0.2.3", "alex")).toBe(429);
	expect(await ask("192.0.2.1", "kim")).toBe(200);
	expect(await ask("192.0.2.1", "kim")).toBe(200);
	expect(await ask("192.0.2.1")).toBe(200);
	expect(await ask("192.0.2.1")).toBe(200);
	expect(await ask("192.0.2.1")).toBe(429);
	// Nobody is counted as the one whose name is an address.
	expect(await ask("192.0.2.9", "192.0.2.8")).toBe(200);
	expect(await ask("192.0.2.9", "192.0.2.8")).toBe(200);
	expect(await ask("192.0.2.8")).toBe(200);
});

test("guessing credentials ends soon, and counts as nobody's requests", async () => {
	const ask = await startIdentifying();
	const statuses: number[] = [];
	for (let count = 0; count < 65; count++) {
		statuses.push(await ask("192.0.2.1", "wrong"));
	}
	expect(statuses).toEqual([...Array(60).fill(401), ...Array(5).fill(429)]);
	expect(await ask("192.0.2.1", "alex")).toBe(200);
	expect(await ask("192.0.2.2", "alex")).toBe(200);
	// Without credentials there is nothing to guess.
	expect(await ask("192.0.2.1")).toBe(200);
});

test("instances that share a database count together, and refuse without asking it", async () => {
	const databaseUrl = await makeDatabase();
	const shared = { databaseUrl, RATE_LIMIT: 3, RATE_LIMIT_SHARED: true };
	const services = [
		await startService(undefined, shared),
		await startService(undefined, shared),
	] as const;
	const [one, other] = services;
	const statuses = [];
	for (const service of [one, other, one, other, one]) {
		const { status, headers } = await service.ask(facades.rest);
		statuses.push([status, String(headers.ratelimit).split(";")[1]]);
	}
	expect(statuses).toEqual([
		[200, "r=2"],
		[200, "r=1"],
		[200, "r=0"],
		[429, "r=0"],
		[429, "r=0"],
	]);
	expect((await one.ask(facades.trpc)).status).toBe(200);
	const { rows } = await sql<{ key: string; requests: number }>`
		select key, requests from rate_limits order by requests`.execute(one.db);
	// Each instance refused one after asking; what follows is not written down.
	expect(rows).toMatchObject([{ requests: 1 }, { requests: 5 }]);
	expect(JSON.stringify(rows)).not.toContain("127.0.0.1");
	for (const service of services) {
		for (let count = 0; count < 5; count++) {
			const { status, headers } = await service.ask(facades.rest);
			expect(status).toBe(429);
			expect(Number(headers["retry-after"])).toBeGreaterThan(50);
		}
	}
	const after =
		await sql`select key, requests from rate_limits order by requests`.execute(
			one.db,
		);
	expect(after.rows).toEqual(rows);
});

test("many requests at once through two instances are counted exactly", async () => {
	const databaseUrl = await makeDatabase();
	const services = [
		await startService(undefined, { databaseUrl }),
		await startService(undefined, { databaseUrl }),
	];
	const counted = await Promise.all(
		services.flatMap(({ db }) =>
			Array.from({ length: 25 }, () => countRequests(db, "one", 1, 60_000)),
		),
	);
	const numbers = counted.map(({ requests }) => requests);
	expect(numbers.sort((a, b) => a - b)).toEqual(
		Array.from({ length: 50 }, (_, index) => index + 1),
	);
});

test("a window that is over begins anew, and its row can be deleted", async () => {
	const service = await startService(undefined, {
		RATE_LIMIT: 1,
		RATE_LIMIT_SHARED: true,
	});
	expect((await service.ask(facades.rest)).status).toBe(200);
	expect((await service.ask(facades.trpc)).status).toBe(200);
	await sql`update rate_limits set ends_at = now() - interval '1 second'`.execute(
		service.db,
	);
	expect((await service.ask(facades.rest)).status).toBe(200);
	expect((await service.ask(facades.rest)).status).toBe(429);
	await forgetPastWindows(service.db);
	const { rows } = await sql`select requests from rate_limits`.execute(
		service.db,
	);
	expect(rows).toEqual([{ requests: 2 }]);
});

test("while requests cannot be counted none is refused, and the log says so once", async () => {
	const service = await startService(undefined, {
		RATE_LIMIT: 2,
		RATE_LIMIT_SHARED: true,
	});
	await sql`alter table rate_limits rename to elsewhere`.execute(service.db);
	for (let count = 0; count < 6; count++) {
		const { status, headers } = await service.ask(facades.rest);
		expect(status).toBe(200);
		expect(headers.ratelimit).toBe('"rest";r=2;t=60');
	}
	const said = service.logs.filter((line) =>
		line.includes("requests cannot be counted"),
	);
	expect(said).toHaveLength(1);
});

test("a database that is slow to count holds a request up for a second, and the next ones not at all", async () => {
	const service = await startService(undefined, {
		RATE_LIMIT: 2,
		RATE_LIMIT_SHARED: true,
	});
	await service.db.transaction().execute(async (holding) => {
		await sql`lock table rate_limits in access exclusive mode`.execute(holding);
		const start = performance.now();
		for (let count = 0; count < 4; count++) {
			expect((await service.ask(facades.rest)).status).toBe(200);
		}
		const milliseconds = performance.now() - start;
		expect(milliseconds).toBeGreaterThan(950);
		expect(milliseconds).toBeLessThan(3_000);
	});
});

test("beyond an address's limit of failures, a token is refused before anything is looked up or verified", async () => {
	const publicUrl = "http://127.0.0.1:8080";
	let questions = 0;
	// An issuer whose keys are asked for before a token of its is verified.
	const server = createServer((_request, response) => {
		questions++;
		response.writeHead(500).end();
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	onTestFinished(() => void server.close());
	const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const provider = await startProvider(publicUrl, onTestFinished);
	const settings = provider.settings(publicUrl);
	for (const RATE_LIMIT_SHARED of [false, true]) {
		const service = await startService(undefined, {
			...settings,
			OIDC_ISSUER: [...settings.OIDC_ISSUER, issuer],
			RATE_LIMIT: 1000,
			RATE_LIMIT_SHARED,
		});
		const ask = async (authorization: string, remoteAddress = "192.0.2.1") => {
			const headers = { authorization };
			const request = { ...facades.rest, headers, remoteAddress };
			const { status, headers: answered } = await service.ask(request);
			return { status, retryAfter: Number(answered["retry-after"]) };
		};
		const foreign = `Bearer ${await provider.mint("dev", { iss: issuer })}`;
		const known = `Bearer ${await provider.mint("dev")}`;
		expect((await ask(known)).status).toBe(200);
		for (let count = 0; count < 60; count++) {
			expect((await ask("Bearer golive_x")).status).toBe(401);
		}
		questions = 0;
		for (const guess of [foreign, "Bearer golive_x", "Bearer x", "Basic x"]) {
			const { status, retryAfter } = await ask(guess);
			expect(status, guess).toBe(429);
			expect(retryAfter).toBeGreaterThan(0);
			expect(retryAfter).toBeLessThanOrEqual(60);
		}
		expect(questions).toBe(0);
		expect((await ask(known)).status, "was accepted before").toBe(200);
		expect((await ask(foreign, "192.0.2.2")).status).toBe(503);
		expect(questions).toBe(1);
	}
});

test("people who sign in have a limit each, through one address and every token of theirs", async () => {
	const publicUrl = "http://127.0.0.1:8080";
	const provider = await startProvider(publicUrl, onTestFinished);
	const service = await startService(undefined, {
		...provider.settings(publicUrl),
		RATE_LIMIT: 2,
	});
	const ask = async (authorization?: string) => {
		const headers = authorization ? { authorization } : {};
		return (await service.ask({ ...facades.rest, headers })).status;
	};
	const tokenOf = async (who: string) => `Bearer ${await provider.mint(who)}`;
	expect(await ask(await tokenOf("dev"))).toBe(200);
	expect(await ask(await tokenOf("dev"))).toBe(200);
	expect(await ask(await tokenOf("dev"))).toBe(429);
	const known = await tokenOf("rita");
	expect(await ask(known)).toBe(200);
	// Strangers are counted by their address, and told so before they are asked who they are.
	expect([await ask(), await ask(), await ask()]).toEqual([401, 401, 429]);
	for (let count = 0; count < 60; count++) {
		expect(await ask("Bearer nonsense")).toBe(401);
	}
	expect(await ask("Bearer nonsense")).toBe(429);
	// Whoever guesses through the same address shuts nobody out who works there.
	expect(await ask(known)).toBe(200);
	expect(await ask(await tokenOf("rita"))).toBe(429);
});
