import { afterAll, beforeAll, expect, test } from "vitest";
import { tools } from "../../src/facades/mcp/tools.ts";
import { appRouter } from "../../src/router.ts";
import {
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";
import { operations } from "../support/openapi-document.ts";

let service: TestService;
let id: string;
beforeAll(async () => {
	service = await startService(afterAll);
	({ id } = await submit(service));
});

const api = operations.filter(({ path }) => path.startsWith("/api/"));

test.each(api)(
	"$method $path refuses a parameter that it does not know",
	async (operation) => {
		const { method, path, parameters } = operation;
		const known = parameters
			.filter((parameter) => parameter.in === "query")
			.map(({ name }) => name);
		const { status, body } = await service.ask({
			method,
			url: `${path.replace("{id}", id)}?statsu=approved`,
			...(method !== "GET" && { payload: newReport({ status: "rejected" }) }),
		});
		expect(status).toBe(400);
		expect(body.detail).toContain("Unknown parameter statsu.");
		expect(body.issues).toEqual([
			{ path: "statsu", message: expect.stringContaining("Unknown parameter") },
		]);
		for (const name of known) expect(body.detail).toContain(name);
	},
);

test("all that is unknown is told at once, and no more of it than anybody reads", async () => {
	const query = Array.from({ length: 30 }, (_, at) => `x${at}=1`).join("&");
	const long = "y".repeat(5_000);
	const { status, body } = await service.ask({
		url: `/api/v1/reports?${long}=1&${query}`,
	});
	expect(status).toBe(400);
	expect(body.issues).toHaveLength(10);
	expect(body.detail.length).toBeLessThan(1_000);
});

test.each(["/healthz", "/readyz", "/docs/", "/openapi.json", "/favicon.ico"])(
	"whoever asks past a cache is answered: %s",
	async (url) => {
		const { status } = await service.ask({
			url: `${url}?_=1764345600&utm_x=y`,
		});
		expect(status).toBeLessThan(400);
	},
);

test.each(["/", "/servers", "/overview", "/checklist", "/reports/{id}"])(
	"a page passes over what links have in their addresses: %s",
	async (path) => {
		const url = `${path.replace("{id}", id)}?utm_source=mail&fbclid=1`;
		expect((await service.ask({ url })).status).toBe(200);
	},
);

const procedures = Object.entries(
	appRouter._def.procedures as unknown as Record<
		string,
		{ _def: { type: string } }
	>,
).filter(
	([path, { _def }]) => !path.startsWith("health.") && _def.type === "query",
);

test.each(procedures)(
	"tRPC %s refuses a member that it does not know",
	async (path) => {
		const input = { id, statsu: "approved" };
		const text = encodeURIComponent(JSON.stringify(input));
		const { status, body } = await service.ask({
			url: `/trpc/${path}?input=${text}`,
		});
		expect(status).toBe(400);
		expect(body.error.message).toMatch(/^Unknown parameters? (id, )?statsu\./);
		expect(body.error.data.issues).toContainEqual({
			path: "statsu",
			message: expect.stringContaining("Unknown parameter"),
		});
	},
);

test("in a batch, only the call that has it is refused", async () => {
	const inputs = { 0: { statsu: "approved" }, 1: { status: "approved" } };
	const { body } = await service.ask({
		url: `/trpc/reports.list,servers.list?batch=1&input=${encodeURIComponent(JSON.stringify(inputs))}`,
	});
	expect(body).toMatchObject([
		{ error: { message: expect.stringContaining("statsu") } },
		{ result: { data: [] } },
	]);
});

test.each(tools)(
	"MCP $name refuses an argument that it does not know",
	async ({ name, input }) => {
		const { body } = await service.ask({
			method: "POST",
			url: "/mcp",
			payload: {
				jsonrpc: "2.0",
				id: 1,
				method: "tools/call",
				params: { name, arguments: { statsu: "approved" } },
			},
		});
		const [{ text }] = body.result.content;
		expect(body.result.isError).toBe(true);
		expect(text).toContain("Unknown parameter statsu.");
		for (const member of Object.keys(input.shape)) {
			expect(text).toContain(member);
		}
		expect(input.strict().safeParse({ statsu: 1 }).success).toBe(false);
	},
);

/** What is larger is read in another process, which keeps what is known. */
const report_data = "# Report\n".repeat(10_000);

test("large arguments of a tool are no exception", async () => {
	const { body } = await service.ask({
		method: "POST",
		url: "/mcp",
		payload: {
			jsonrpc: "2.0",
			id: 1,
			method: "tools/call",
			params: {
				name: "check_report",
				arguments: { report_markdown: report_data, sub_folder: "x" },
			},
		},
	});
	expect(JSON.stringify(body)).toContain("Unknown parameter sub_folder.");
});

test("a mutation over tRPC takes a whole answer, too", async () => {
	const { body } = await service.ask({
		method: "POST",
		url: "/trpc/reports.submit",
		payload: newReport({ report_data, id, status: "approved", own: [1] }),
	});
	expect(body.result.data).toMatchObject({
		report_data,
		status: "pending_review",
	});
});

test.each([report_data, "# Report"])(
	"a body of REST may hold more than is read of it: whole answers are sent back",
	async (report_data) => {
		const { status, body } = await service.ask({
			method: "POST",
			url: "/api/v1/reports",
			payload: newReport({ report_data, id, status: "approved", own: [1] }),
		});
		expect(status).toBe(201);
		expect(body).toMatchObject({ report_data, status: "pending_review" });
	},
);
