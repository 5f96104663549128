import { get, METHODS } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
	startService,
	submit,
	type TestService,
} from "../../support/helpers.ts";
import {
	compileSchema,
	document,
	operations,
} from "../../support/openapi-document.ts";

const isProblem = compileSchema(document.components.schemas.Problem);

let service: TestService;
let port: number;
let id: string;

beforeAll(async () => {
	service = await startService(afterAll);
	port = Number(new URL(await service.listen()).port);
	({ id } = await submit(service));
});

/** Every documented path, with the methods that the document gives it. */
const paths = Object.entries(
	Object.groupBy(operations, ({ path }) => path),
).map(([path, of = []]) => ({
	path,
	methods: of.flatMap(({ method }) =>
		method === "GET" ? ["GET", "HEAD"] : [method],
	),
}));

const places = [
	...paths,
	{ path: "/openapi.json", methods: ["GET", "HEAD"] },
	{ path: "/api/v1/openapi.json", methods: ["GET", "HEAD"] },
];

test.each(places)(
	"$path refuses every other method with 405, and names its own",
	async ({ path, methods }) => {
		// All that Node reads, but CONNECT, which names a host and not a path.
		const others = METHODS.filter(
			(method) => !methods.includes(method) && method !== "CONNECT",
		);
		expect(others.length).toBeGreaterThan(20);
		for (const method of others) {
			const { status, headers, body } = await service.ask({
				method: method as "PUT",
				url: path.replace("{id}", id),
			});
			expect(status, method).toBe(405);
			expect(String(headers.allow).split(", ").sort()).toEqual(methods.sort());
			if (method === "HEAD") expect(body).toBe("");
			else expectProblem({ status, type: headers["content-type"], body });
		}
	},
);

test("a method that is refused is refused before its body is read", async () => {
	const { status } = await service.ask({
		method: "PUT",
		url: "/api/v1/reports",
		headers: { "content-type": "application/json" },
		payload: "{",
	});
	expect(status).toBe(405);
});

test.each(places.filter(({ methods }) => methods.includes("GET")))(
	"HEAD $path answers as GET does, without a body",
	async ({ path }) => {
		const url = path.replace("{id}", id);
		const get = await service.app.inject({ method: "GET", url });
		const head = await service.app.inject({ method: "HEAD", url });
		// Where nobody signs in there are no access tokens to be found.
		const isThere = path !== "/api/v1/tokens/{id}";
		expect(get.statusCode).toBe(isThere ? 200 : 404);
		expect(head.statusCode).toBe(get.statusCode);
		expect(head.body).toBe("");
		for (const name of ["content-type", "content-length", "etag", "link"]) {
			expect(head.headers[name], name).toBe(get.headers[name]);
		}
	},
);

test.each(["/nothing", "/api/v1/nothing", "/api/v2/reports", "/docs/nothing"])(
	"%s is unknown, and answered with a problem",
	async (url) => {
		for (const method of ["GET", "POST", "DELETE"] as const) {
			const { status, headers, body } = await service.ask({ method, url });
			expect(status).toBe(404);
			expectProblem({ status, type: headers["content-type"], body });
			expect(body.detail).toContain("/docs");
		}
	},
);

test("headers that are too large are answered with 431, and the service lives on", async () => {
	const large = `X-Large: ${"x".repeat(70_000)}`;
	const answer = await send(
		`GET /healthz HTTP/1.1\r\nHost: localhost\r\n${large}\r\n\r\n`,
	);
	expect(answer.status).toBe(431);
	expectProblem(answer);
	expect((await service.ask({ url: "/healthz" })).status).toBe(200);
});

test.each([
	["no HTTP at all", "Hello?\r\n\r\n"],
	["TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
	["a method nobody knows", "BREW /coffee HTTP/1.1\r\nHost: localhost\r\n\r\n"],
	[
		"a header without a name",
		"GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n",
	],
	["no Host", "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"],
	[
		"two lengths",
		"POST /api/v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
	],
])("%s is answered with 400", async (_what, bytes) => {
	const answer = await send(bytes);
	expect(answer.status).toBe(400);
	expectProblem(answer);
});

test("/mcp is answered as well where its address is written whole, as for a proxy", async () => {
	const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
	const answer = await send(
		`POST http://127.0.0.1:${port}/mcp HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
	);
	expect(answer).toMatchObject({ status: 200, body: { id: 1, result: {} } });
});

function expectProblem(answer: {
	status: number;
	type: unknown;
	body: unknown;
}) {
	expect(answer.type).toMatch(/^application\/problem\+json/);
	isProblem(answer.body);
	expect(isProblem.errors).toBeNull();
	expect(answer.body).toMatchObject({ status: answer.status });
}

/** Sends bytes as they are, and reads the answer until the service hangs up. */
async function send(bytes: string) {
	const socket = connect(port, "127.0.0.1");
	socket.write(bytes, "latin1");
	// The service may hang up while the request is still being written.
	socket.on("error", () => {});
	const [head = "", body = ""] = (await text(socket)).split("\r\n\r\n");
	return {
		status: Number(head.split(" ")[1]),
		type: /^content-type: (.*)$/im.exec(head)?.[1],
		requestId: /^x-request-id: (.*)$/im.exec(head)?.[1],
		body: JSON.parse(body),
	};
}

describe("a method that nothing has", () => {
	const bodies: [string, Record<string, string>, string | undefined][] = [
		["no body", {}, undefined],
		["a body without a content type", {}, "x"],
		["a text", { "content-type": "text/plain" }, "x"],
		["broken JSON", { "content-type": "application/json" }, "{"],
		["a form", { "content-type": "application/x-www-form-urlencoded" }, "a=b"],
	];
	const mounts: [path: string, has: string[]][] = [
		["/trpc/health.live", ["GET", "HEAD", "POST"]],
		["/trpc/reports.submit", ["GET", "HEAD", "POST"]],
		["/trpc/x", ["GET", "HEAD", "POST"]],
		["/trpc/x,y?batch=1", ["GET", "HEAD", "POST"]],
		["/mcp", ["POST"]],
		["/", ["GET", "HEAD"]],
		["/servers", ["GET", "HEAD"]],
		["/checklist", ["GET", "HEAD"]],
		["/docs", ["GET", "HEAD"]],
		["/healthz", ["GET", "HEAD"]],
		["/api/v1/reports/check", ["POST"]],
	];
	test.each(mounts)(
		"is 405 on %s, whatever comes with it",
		async (url, has) => {
			for (const method of METHODS) {
				if (has.includes(method) || method === "CONNECT") continue;
				for (const [what, headers, payload] of bodies) {
					const answer = await service.ask({
						method: method as "PUT",
						url,
						headers: { "x-request-id": "request-0815", ...headers },
						...(payload !== undefined && { payload }),
					});
					const which = `${method} with ${what}`;
					expect(answer.status, which).toBe(405);
					expect(answer.headers.allow, which).toBe(has.join(", "));
					expect(answer.headers["x-request-id"], which).toBe("request-0815");
					if (method === "HEAD" || url === "/mcp") continue;
					expect(JSON.stringify(answer.body), which).toContain("request-0815");
				}
			}
		},
	);

	test.each([
		["POST", "/trpc/reports.list", 405, "GET, HEAD"],
		["GET", "/trpc/reports.submit", 405, "POST"],
		["POST", "/trpc/reports.submit", 415, undefined],
	])(
		"%s %s without a content type is %i, with a request id",
		async (method, url, status, allow) => {
			const answer = await service.ask({
				method: method as "GET",
				url,
				headers: {
					"x-request-id": "request-0815",
					...(status === 405 && { "content-type": "application/json" }),
				},
			});
			expect(answer.status).toBe(status);
			expect(answer.headers.allow).toBe(allow);
			expect(answer.body.error.data.request_id).toBe("request-0815");
		},
	);
});

describe("a request target with scheme and host, as proxies are asked", () => {
	test.each([
		["http://localhost/api/v1/reports", 200],
		["http://localhost/api/v1/reports/", 200],
		["HTTP://localhost:8080/api/v1/reports/?limit=1", 200],
		["https://localhost/api/v1/reports/?limit=0", 400],
		["http://localhost/trpc/reports.counts/", 200],
		["http://localhost/healthz/", 200],
		["http://localhost/docs/", 200],
		["http://localhost/nothing/", 404],
		["http://localhost", 200],
		["http://localhost?search=x", 200],
		["http://localhost/", 200],
	])("%s is answered as its path is", async (target, status) => {
		const answer = await new Promise<{ status: number; body: string }>(
			(resolve, reject) => {
				const request = get(
					{
						host: "127.0.0.1",
						port,
						path: target,
						headers: { host: "localhost", accept: "application/json" },
					},
					(response) => {
						let body = "";
						response.on("data", (chunk) => {
							body += chunk;
						});
						response.on("end", () =>
							resolve({ status: response.statusCode ?? 0, body }),
						);
					},
				);
				request.on("error", reject);
			},
		);
		expect(answer.status, answer.body).toBe(status);
		expect(answer.body).not.toContain('"instance":"http');
	});
});
