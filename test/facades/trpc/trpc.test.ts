import {
	createTRPCClient,
	httpBatchStreamLink,
	TRPCClientError,
} from "@trpc/client";
import { beforeAll, expect, test } from "vitest";
import { answerBudget } from "../../../src/core/body-limits.ts";
import { parseConfig } from "../../../src/core/config.ts";
import {
	type AppRouter,
	createClient,
} from "../../../src/facades/trpc/client.ts";
import { anybody } from "../../../src/identity/identity.ts";
import { createCaller } from "../../../src/router.ts";
import {
	newReport,
	startService,
	submit,
	type TestService,
} from "../../support/helpers.ts";

let service: TestService;
let base: string;
beforeAll(async () => {
	const cleanUps: (() => Promise<void>)[] = [];
	service = await startService((cleanUp) => cleanUps.unshift(cleanUp));
	base = await service.listen();
	return async () => {
		for (const cleanUp of cleanUps) await cleanUp();
	};
});

test("a TypeScript client submits, lists, reads and decides", async () => {
	const client = createClient(base);
	const report = await client.reports.submit.mutate(newReport());
	expect(report.status).toBe("pending_review");
	expect(await client.reports.list.query({ limit: 1 })).toMatchObject([
		{ id: report.id },
	]);
	const decided = await client.reports.setStatus.mutate({
		id: report.id,
		status: "rejected",
		reviewed_by: "platform@example.com",
	});
	expect(decided.status).toBe("rejected");
	expect(await client.reports.get.query({ id: report.id })).toEqual(decided);
	expect(await client.reports.decisions.query({ id: report.id })).toHaveLength(
		1,
	);
	expect(await client.health.ready.query()).toEqual({ status: "ok" });
});

test("calls of one tick travel in one request", async () => {
	const urls: string[] = [];
	const client = createClient(`${base}/`, {
		fetch: (input, init) => {
			urls.push(String(input));
			return fetch(String(input), init as RequestInit);
		},
	});
	await Promise.all([
		client.reports.list.query({}),
		client.health.live.query(),
		client.reports.list.query({ status: "approved" }),
	]);
	expect(urls).toHaveLength(1);
});

test("ten calls of one tick are one request, with an answer each", async () => {
	const { id } = await submit(service);
	let requests = 0;
	const client = createClient(base, {
		fetch: (input, init) => {
			requests += 1;
			return fetch(String(input), init as RequestInit);
		},
	});
	const reports = await Promise.all(
		Array.from({ length: 10 }, () => client.reports.get.query({ id })),
	);
	expect(reports.map((report) => report.id)).toEqual(Array(10).fill(id));
	expect(requests).toBe(1);
});

test("a client may have the answers of a batch one by one", async () => {
	const client = createTRPCClient<AppRouter>({
		links: [httpBatchStreamLink({ url: `${base}/trpc` })],
	});
	const { id } = await submit(service);
	const [report, live, missing] = await Promise.allSettled([
		client.reports.get.query({ id }),
		client.health.live.query(),
		client.reports.get.query({ id: "00000000-0000-0000-0000-000000000000" }),
	]);
	expect(report).toMatchObject({ status: "fulfilled", value: { id } });
	expect(live).toMatchObject({ status: "fulfilled", value: { status: "ok" } });
	expect(missing).toMatchObject({
		status: "rejected",
		reason: { data: { code: "NOT_FOUND" } },
	});
});

test("a failed call carries code, status, request id and every issue", async () => {
	const client = createClient(base);
	const failure = await client.reports.submit
		.mutate(newReport({ server_name: "", developer_email: "x" }))
		.then(() => undefined)
		.catch((error: TRPCClientError<AppRouter>) => error);
	expect(failure).toBeInstanceOf(TRPCClientError);
	expect(failure?.message).toContain("server_name");
	expect(failure?.data).toEqual({
		code: "BAD_REQUEST",
		httpStatus: 400,
		path: "reports.submit",
		request_id: expect.stringMatching(/^[\w-]{36}$/),
		issues: [
			{ path: "server_name", message: expect.any(String) },
			{ path: "developer_email", message: expect.any(String) },
		],
	});
});

test("a duplicate names the report that stands in the way", async () => {
	const client = createClient(base);
	const report = newReport();
	const { id } = await client.reports.submit.mutate(report);
	await expect(client.reports.submit.mutate(report)).rejects.toMatchObject({
		data: { code: "CONFLICT", existing_report_id: id },
	});
});

test("a list needs no input, and broken JSON is answered in words", async () => {
	expect(await createClient(base).reports.list.query()).toBeInstanceOf(Array);
	const { status, body } = await service.ask({
		method: "POST",
		url: "/trpc/reports.submit",
		headers: { "content-type": "application/json" },
		payload: "not JSON, but secret",
	});
	expect(status).toBe(400);
	expect(body.error.message).toContain("not valid JSON");
	expect(JSON.stringify(body)).not.toContain("secret");
});

test("no error over tRPC carries a stack, and an unexpected one only a request id", async () => {
	const broken = await startService();
	await broken.db.schema.dropTable("report_decisions").execute();
	const url = `/trpc/reports.decisions?input=${encodeURIComponent('{"id":"00000000-0000-0000-0000-000000000000"}')}`;
	const { status, body } = await broken.ask({ url });
	expect(status).toBe(500);
	expect(body.error.message).toBe("Internal server error");
	expect(JSON.stringify(body)).not.toMatch(/stack|report_decisions/);
	const { request_id } = body.error.data;
	const logged = broken.logs.filter((line) => line.includes(request_id));
	expect(logged.join()).toContain("report_decisions");
});

test("without a database a call is 503 and says when to try again", async () => {
	const own = await startService(undefined, {
		databaseUrl: "postgresql://nobody:nothing@127.0.0.1:9/nowhere",
	});
	const { status, headers, body } = await own.ask({
		url: "/trpc/reports.list?input={}",
	});
	expect(status).toBe(503);
	expect(headers["retry-after"]).toBe("5");
	expect(body.error.data.code).toBe("SERVICE_UNAVAILABLE");
});

/** How many queries of a batch are with the database at the same moment, at the most. */
async function mostAtOnce(
	ask: (caller: ReturnType<typeof createCaller>) => Promise<unknown>[],
): Promise<number> {
	const seen: { id: object; isEnd: boolean }[] = [];
	const db = service.db.withPlugin({
		transformQuery({ queryId: id, node }) {
			seen.push({ id, isEnd: false });
			return node;
		},
		async transformResult({ queryId: id, result }) {
			seen.push({ id, isEnd: true });
			return result;
		},
	});
	const caller = createCaller({
		db,
		log: console,
		runTask: () => expect.unreachable(),
		settings: parseConfig({}),
		requestId: "",
		serviceRequestId: "",
		identity: anybody,
		refusal: undefined,
		facade: "trpc",
		client: null,
		address: null,
		budget: answerBudget(),
	});
	await Promise.all(ask(caller));
	// Of some, only the text is made here.
	const sent = new Set(seen.filter(({ isEnd }) => isEnd).map(({ id }) => id));
	const running = new Set<object>();
	let most = 0;
	for (const { id, isEnd } of seen.filter(({ id }) => sent.has(id))) {
		if (isEnd) running.delete(id);
		else running.add(id);
		most = Math.max(most, running.size);
	}
	return most;
}

test("of the lists in one batch, one at a time is with the database", async () => {
	const { id } = await submit(service);
	const ten = Array.from({ length: 10 });
	const one = await mostAtOnce(({ reports }) => [reports.revisions({ id })]);
	expect(one).toBeGreaterThan(0);
	expect(
		await mostAtOnce(({ reports }) => ten.map(() => reports.revisions({ id }))),
	).toBe(one);
});
