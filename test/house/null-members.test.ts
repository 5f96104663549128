import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import { tools } from "../../src/facades/mcp/tools.ts";
import { createClient } from "../../src/facades/trpc/client.ts";
import { appRouter } from "../../src/router.ts";
import {
	decide,
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";
import {
	type AnyClient,
	callTool,
	connectOldClient,
} from "../support/mcp-clients.ts";
import {
	compileSchema,
	operations,
	type Schema,
} from "../support/openapi-document.ts";

let service: TestService;
let base: string;
let mcp: AnyClient;
beforeAll(async () => {
	service = await startService(afterAll);
	base = await service.listen();
	mcp = await connectOldClient({ base });
	return () => mcp.close();
});

/** Every member of an input that may be left out, by the procedure or tool. */
const optionalMembers = [
	...Object.entries(
		appRouter._def.procedures as unknown as Record<
			string,
			{ _def: { inputs: (z.ZodObject & { unwrap?(): z.ZodObject })[] } }
		>,
	).flatMap(([path, { _def }]) =>
		_def.inputs.map((input) => [path, input.unwrap?.() ?? input] as const),
	),
	...tools.map(({ name, input }) => [name, input] as const),
].flatMap(([of, input]) =>
	Object.entries(input.shape as Record<string, z.ZodType>)
		.filter(([, schema]) => schema.safeParse(undefined).success)
		.map(([member, schema]) => [of, member, schema] as const),
);

test("there are many members that may be left out", () => {
	expect(optionalMembers.length).toBeGreaterThan(40);
});

test.each(optionalMembers)("null leaves out %s: %s", (_of, _member, schema) => {
	expect(schema.safeParse(null)).toEqual(schema.safeParse(undefined));
});

test.each(
	operations.flatMap(({ operationId, requestBody }) => {
		const { schema } = requestBody?.content["application/json"] ?? {};
		const { properties = {}, required = [] } = (schema ?? {}) as {
			properties?: Record<string, Schema>;
			required?: string[];
		};
		return Object.entries(properties)
			.filter(([name]) => !required.includes(name))
			.map(([name, schema]) => [operationId, name, schema] as const);
	}),
)("the document says so: %s, %s", (_operation, _name, schema) => {
	expect(compileSchema(schema)(null)).toBe(true);
	expect(schema.description).toBeTruthy();
});

test("a parameter of a query, which is text, is not said to be null", () => {
	for (const { operationId, parameters } of operations) {
		for (const { name, schema } of parameters) {
			expect(JSON.stringify(schema), `${operationId} ${name}`).not.toContain(
				'"null"',
			);
		}
	}
});

test("what MCP clients are shown says so, and stays small", async () => {
	const { tools: shown } = await mcp.listTools();
	for (const { name, inputSchema } of shown) {
		const { properties = {}, required = [] } = inputSchema;
		for (const [member, schema] of Object.entries(properties)) {
			if (required.includes(member)) continue;
			expect(
				compileSchema(schema as Schema)(null),
				`${name} ${member}: ${JSON.stringify(schema)}`,
			).toBe(true);
		}
	}
	expect(JSON.stringify(shown).length).toBeLessThan(8_192);
});

describe("what the service wrote can be sent back", () => {
	test("over REST, whole, as the next revision", async () => {
		const report = await submit(service);
		expect(report.report_json).toBeNull();
		await decide(service, report.id, "rejected");
		const again = await service.ask({
			method: "POST",
			url: "/api/v1/reports",
			payload: { ...report },
		});
		expect(again.status).toBe(201);
		expect(again.body).toMatchObject({ revision: 2, report_json: null });
		const decided = await service.ask({
			method: "PATCH",
			url: `/api/v1/reports/${again.body.id}/status`,
			payload: {
				status: "approved",
				reviewed_by: "kim@example.com",
				review_notes: again.body.review_notes,
				decisions_seen: null,
			},
		});
		expect(decided.status).toBe(200);
		expect(decided.body.review_notes).toBeNull();
	});

	test("over tRPC, by a client that is checked for types", async () => {
		const client = createClient(base);
		const list = await client.reports.list.query({
			status: null,
			search: null,
			repository_url: null,
			limit: null,
			after: null,
		});
		expect(list).toEqual(await client.reports.list.query());
		const report = await client.reports.submit.mutate({
			...newReport(),
			report_json: null,
		});
		const decided = await client.reports.setStatus.mutate({
			id: report.id,
			status: "rejected",
			reviewed_by: "kim@example.com",
			review_notes: report.review_notes,
			if_match: null,
		});
		expect(decided.status).toBe("rejected");
	});

	test("over MCP", async () => {
		const { report_data, ...report } = newReport();
		const submitted = await callTool(mcp, "submit_report", {
			...report,
			report_markdown: report_data,
			report_json: null,
		});
		expect(submitted.text).toContain("Report submitted successfully");
		const [id] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(submitted.text) ?? [];
		const checked = await callTool(mcp, "check_report", {
			report_markdown: report_data,
			server_name: null,
			repository_url: null,
			developer_email: null,
		});
		expect(checked.isError).toBe(false);
		const nothing = { status: null, limit: null, after: null };
		const listed = await callTool(mcp, "list_servers", nothing);
		expect(listed).toEqual(await callTool(mcp, "list_servers"));
		expect(listed.text).toContain(id);
		const decided = await callTool(mcp, "review_report", {
			id,
			status: "rejected",
			reviewed_by: "kim@example.com",
			review_notes: null,
		});
		expect(decided.text).toContain("Report rejected");
	});

	test("but what must be there must not be null", async () => {
		const { status, body } = await service.ask({
			method: "POST",
			url: "/api/v1/reports",
			payload: newReport({ server_name: null, developer_email: null }),
		});
		expect(status).toBe(400);
		expect(body.issues).toEqual([
			{ path: "server_name", message: "Must be a string." },
		]);
	});
});

/** Every query of the router whose input may be empty. */
const freeQueries = Object.entries(
	appRouter._def.procedures as unknown as Record<
		string,
		{ _def: { type: string; inputs: z.ZodType[] } }
	>,
)
	.filter(
		([, { _def }]) =>
			_def.type === "query" &&
			_def.inputs.every((input) => input.safeParse({}).success),
	)
	.map(([path]) => path);

test.each(freeQueries)(
	"a query needs no input where all of it is optional: %s",
	async (path) => {
		const without = await service.ask({ url: `/trpc/${path}` });
		const empty = await service.ask({ url: `/trpc/${path}?input={}` });
		expect(without.status).toBe(empty.status);
		expect(without.status).not.toBe(400);
	},
);
