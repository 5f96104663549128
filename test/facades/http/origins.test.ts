import { expect, test } from "vitest";
import { startService, submit } from "../../support/helpers.ts";

const portal = "https://portal.example.com";
const json = { "content-type": "application/json" };

const api = [
	["GET", "/api/v1/reports"],
	["GET", "/trpc/reports.list?input={}"],
	["GET", "/openapi.json"],
	["POST", "/mcp"],
] as const;

const payload = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
const accept = "application/json, text/event-stream";

test.each(api)(
	"%s %s is shared with no origin unless one is named",
	async (method, url) => {
		const service = await startService();
		const headers = { ...json, accept, origin: portal };
		const refused = await service.ask({
			method,
			url,
			headers,
			...(method === "POST" && { payload }),
		});
		expect(refused.status).toBe(403);
		expect(refused.headers).not.toHaveProperty("access-control-allow-origin");
		const preflight = await service.ask({
			method: "OPTIONS",
			url,
			headers: { origin: portal, "access-control-request-method": method },
		});
		expect(preflight.status).toBe(403);
		expect(preflight.headers).not.toHaveProperty("access-control-allow-origin");
	},
);

test.each(api)(
	"%s %s answers scripts of an origin that is named, and of no other",
	async (method, url) => {
		const service = await startService(undefined, {
			CORS_ORIGINS: [portal, "https://other.example.com"],
		});
		const base = await service.listen();
		const asked =
			"authorization, content-type, mcp-protocol-version, mcp-method, mcp-name, mcp-param-id, x-request-id";
		const preflight = await fetch(base + url, {
			method: "OPTIONS",
			headers: {
				origin: portal,
				"access-control-request-method": method,
				"access-control-request-headers": asked,
			},
		});
		expect(preflight.status).toBe(204);
		expect(preflight.headers.get("access-control-allow-origin")).toBe(portal);
		expect(preflight.headers.get("access-control-allow-methods")).toContain(
			"PATCH",
		);
		expect(preflight.headers.get("access-control-allow-methods")).toContain(
			method,
		);
		expect(preflight.headers.get("access-control-allow-headers")).toBe(asked);
		expect(preflight.headers.get("access-control-max-age")).toBe("600");
		// With cookies anybody's browser would speak as its user.
		expect(preflight.headers.has("access-control-allow-credentials")).toBe(
			false,
		);
		expect(preflight.headers.get("vary")).toContain("Origin");

		const answer = await fetch(base + url, {
			method,
			headers: { ...json, accept, origin: portal },
			...(method === "POST" && { body: payload }),
		});
		expect(answer.status).toBe(200);
		expect(answer.headers.get("access-control-allow-origin")).toBe(portal);
		const exposed = answer.headers.get("access-control-expose-headers");
		for (const name of ["ETag", "Retry-After", "X-Request-Id", "RateLimit"])
			expect(exposed).toContain(name);

		for (const origin of [
			"http://portal.example.com",
			"https://portal.example.com:8443",
			"https://portal.example.com.evil.example",
			"https://evil.example",
			"null",
		]) {
			const { status, headers } = await service.ask({
				method,
				url,
				headers: { ...json, accept, origin },
				...(method === "POST" && { payload }),
			});
			expect(status, origin).toBe(403);
			expect(headers).not.toHaveProperty("access-control-allow-origin");
		}
	},
);

test("an error is readable for scripts of a named origin too", async () => {
	const service = await startService(undefined, {
		CORS_ORIGINS: [portal],
		RATE_LIMIT: 2,
	});
	const headers = { origin: portal };
	for (const [url, status] of [
		["/api/v1/nothing", 404],
		["/api/v1/reports/x", 400],
		["/api/v1/reports", 429],
	] as const) {
		const answer = await service.ask({ url, headers });
		expect(answer.status).toBe(status);
		expect(answer.headers["access-control-allow-origin"]).toBe(portal);
	}
});

test("OPTIONS that is no preflight stays a method that nothing has", async () => {
	const service = await startService(undefined, { CORS_ORIGINS: [portal] });
	for (const headers of [{}, { origin: portal }]) {
		const { status, headers: answered } = await service.ask({
			method: "OPTIONS",
			url: "/api/v1/reports",
			headers,
		});
		expect(status).toBe(405);
		expect(answered.allow).toBe("POST, GET, HEAD");
	}
	expect(
		(await service.ask({ method: "OPTIONS", url: "/nothing" })).status,
	).toBe(404);
});

test("pages are shared with nobody, whatever is named", async () => {
	const service = await startService(undefined, { CORS_ORIGINS: [portal] });
	const { id } = await submit(service);
	for (const [method, url] of [
		["GET", "/"],
		["GET", `/reports/${id}`],
		["POST", `/reports/${id}/decision`],
		["GET", "/docs"],
	] as const) {
		for (const verb of [method, "OPTIONS"] as const) {
			const { status, headers } = await service.ask({
				method: verb,
				url,
				headers: { origin: portal, "access-control-request-method": method },
			});
			expect(status, `${verb} ${url}`).toBe(403);
			expect(headers).not.toHaveProperty("access-control-allow-origin");
		}
	}
});

test("behind a proxy that is named, the host is the one it was asked for; anybody else's word is ignored", async () => {
	const settings = { ALLOWED_HOSTS: ["go-live.example.com"] };
	const headers = (host: string, forwarded: string) => ({
		host,
		"x-forwarded-host": forwarded,
		"x-forwarded-proto": "https",
	});
	const ask = async (
		service: Awaited<ReturnType<typeof startService>>,
		remoteAddress: string,
		host: string,
		forwarded: string,
	) =>
		(
			await service.ask({
				url: "/api/v1/reports",
				remoteAddress,
				headers: headers(host, forwarded),
			})
		).status;

	const direct = await startService(undefined, settings);
	expect(
		await ask(direct, "10.0.0.1", "evil.example", "go-live.example.com"),
	).toBe(403);
	expect(
		await ask(direct, "10.0.0.1", "go-live.example.com", "evil.example"),
	).toBe(200);

	const proxied = await startService(undefined, {
		...settings,
		TRUST_PROXY: ["10.0.0.0/8"],
	});
	expect(
		await ask(proxied, "10.0.0.1", "upstream.internal", "go-live.example.com"),
	).toBe(200);
	expect(
		await ask(proxied, "10.0.0.1", "go-live.example.com", "evil.example"),
	).toBe(403);
	expect(
		await ask(proxied, "192.0.2.1", "evil.example", "go-live.example.com"),
	).toBe(403);
	expect(
		await ask(proxied, "192.0.2.1", "go-live.example.com", "evil.example"),
	).toBe(200);
});

const everywhere = [
	"/",
	"/api/v1/reports",
	"/api/v1/nothing",
	"/nowhere",
	"/trpc/health.live",
	"/trpc/nothing",
	"/mcp",
	"/healthz",
	"/openapi.json",
	"/docs",
	"/overview/risks.svg",
];

test.each(everywhere)(
	"%s tells browsers to do nothing with it that it is not for",
	async (url) => {
		const service = await startService();
		for (const headers of [
			{},
			{ accept: "text/html" },
			{ host: "evil.example" },
		]) {
			const answer = await service.ask({ url, headers });
			expect(answer.headers).toMatchObject({
				"x-content-type-options": "nosniff",
				"x-frame-options": "DENY",
				"cross-origin-opener-policy": "same-origin",
				"cross-origin-resource-policy": "same-origin",
				"referrer-policy": expect.stringMatching(/^(no-referrer|same-origin)$/),
				"content-security-policy": expect.stringMatching(
					/^default-src 'none';.*frame-ancestors 'none'/,
				),
			});
			// Over http, a browser must be able to come again.
			expect(answer.headers).not.toHaveProperty("strict-transport-security");
			expect(answer.headers).not.toHaveProperty("x-powered-by");
		}
	},
);

test("an answer of the API may load and run nothing at all", async () => {
	const service = await startService();
	for (const url of [
		"/api/v1/reports",
		"/trpc/health.live",
		"/mcp",
		"/openapi.json",
		"/healthz",
	]) {
		const { headers } = await service.ask({ url });
		expect(headers["content-security-policy"], url).toBe(
			"default-src 'none';frame-ancestors 'none'",
		);
	}
});

test("a service that people use over https tells browsers to come by https alone, and only such a one", async () => {
	const secure = await startService(undefined, {
		PUBLIC_URL: "https://go-live.example.com",
	});
	const plain = await startService(undefined, {
		PUBLIC_URL: "http://go-live.example.com",
	});
	for (const url of ["/", "/api/v1/reports", "/nowhere"]) {
		const { headers } = await secure.ask({
			url,
			headers: { accept: "text/html" },
		});
		expect(headers["strict-transport-security"], url).toBe("max-age=31536000");
		expect((await plain.ask({ url })).headers).not.toHaveProperty(
			"strict-transport-security",
		);
	}
});
