import { expect, inject, onTestFinished, test } from "vitest";
import { makeFairQueue } from "../../src/platform/workers/fair-queue.ts";
import {
	openWorkers,
	type WorkerLimits,
} from "../../src/platform/workers/pool.ts";
import {
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

function fill(piece: string, size: number): string {
	return piece.repeat(Math.ceil(size / piece.length)).slice(0, size);
}

/** Brackets and emphases, paragraph by paragraph: what is slowest to read of any text. */
const brackets = `${"[".repeat(199)}${"*a ".repeat(5300)}\n\n`;

function openPool(limits: Partial<WorkerLimits> = {}) {
	const workers = openWorkers({ warn() {} }, limits);
	onTestFinished(async () => workers.close());
	return workers;
}

const limits = { runningOfCaller: 2, waitingOfCaller: 3, waiting: 5 };

test("who has the least running is served next; among equals, who was served longest ago", () => {
	const queue = makeFairQueue<string>({ ...limits, waiting: 10 });
	queue.add("ann", "a1");
	queue.add("ann", "a2");
	queue.add("ann", "a3");
	expect([queue.take(), queue.take()]).toEqual(["a1", "a2"]);
	queue.add("bob", "b1");
	queue.add("bob", "b2");
	queue.add("cat", "c1");
	queue.done("ann");
	expect([queue.take(), queue.take(), queue.take()]).toEqual([
		"b1",
		"c1",
		"a3",
	]);
	expect(queue.take()).toBe("b2");
});

test("nobody has more running than one caller may have, even when nobody else waits", () => {
	const queue = makeFairQueue<string>(limits);
	for (const item of ["a1", "a2", "a3"]) queue.add("ann", item);
	expect([queue.take(), queue.take(), queue.take()]).toEqual([
		"a1",
		"a2",
		undefined,
	]);
	queue.done("ann");
	expect(queue.take()).toBe("a3");
});

test("a queue is full for one caller, and for all", () => {
	const queue = makeFairQueue<string>(limits);
	const added = ["a1", "a2", "a3", "a4"].map((item) => queue.add("ann", item));
	expect(added).toEqual([undefined, undefined, undefined, "full of yours"]);
	queue.add("bob", "b1");
	queue.add("bob", "b2");
	expect(queue.add("bob", "b3")).toBe("full");
	expect(queue.remove("ann", "a2")).toBe(true);
	expect(queue.remove("ann", "a2")).toBe(false);
	expect(queue.add("bob", "b3")).toBeUndefined();
	expect(queue.clear().sort()).toEqual(["a1", "a3", "b1", "b2", "b3"]);
	expect(queue.take()).toBeUndefined();
});

test("who waits too long is told that the service is busy, never that the text is to blame", async () => {
	const run = openPool({ workers: 1, patience: 1 }).runnerFor("ann");
	await expect(run("assess", { report_data: "# Report" })).rejects.toThrow(
		expect.objectContaining({
			code: "SERVICE_UNAVAILABLE",
			facts: expect.objectContaining({ retryAfter: 5 }),
		}),
	);
});

test("a pool that is closed answers what it still has, and takes nothing new", async () => {
	const workers = openPool({ workers: 1 });
	const run = workers.runnerFor("ann");
	const asked = [1, 2, 3].map(() => run("assess", { report_data: "# Report" }));
	workers.close();
	asked.push(run("assess", { report_data: "# Report" }));
	for (const answer of await Promise.allSettled(asked)) {
		expect(answer).toMatchObject({ reason: { code: "SERVICE_UNAVAILABLE" } });
	}
});

test("workers end when they are idle, and start again when needed", async () => {
	const run = openPool({ idle: 50 }).runnerFor("ann");
	const children = () =>
		process
			.getActiveResourcesInfo()
			.filter((resource) => resource === "ProcessWrap").length;
	// Those of other tests are ending.
	await expect.poll(children, { timeout: 20_000 }).toBe(0);
	const first = await run("assess", { report_data: "# Report" });
	await expect.poll(children, { timeout: 20_000 }).toBe(0);
	expect(await run("assess", { report_data: "# Report" })).toEqual(first);
});

test("what a worker is given to run may fail without ending it for others", async () => {
	const run = openPool().runnerFor("ann");
	const broken = run("typesetReport", {} as never);
	await expect(broken).rejects.toThrow(TypeError);
	expect(await run("renderMarkdown", "# Report")).toMatchObject({
		html: expect.stringContaining("Report"),
	});
});

/** How each kind of task is asked for, and what says that its text was too much for it. */
const kinds: Record<
	string,
	{
		times: number;
		ask(service: TestService, ids: string[], round: number): Asked;
		status: number;
		words: string;
	}
> = {
	assess: {
		times: 26,
		ask: (service, _ids, round) =>
			service.ask({
				method: "POST",
				url: "/api/v1/reports/check",
				remoteAddress: `192.0.2.${round}`,
				payload: { report_data: fill(brackets, 512 * KIB) },
			}),
		status: 422,
		words: "too complex to read",
	},
	textDiff: {
		times: 60,
		ask: (service, [first, second], round) =>
			service.ask({
				url: `/reports/${second}/compare?with=${first}`,
				remoteAddress: `192.0.2.${round}`,
			}),
		status: 200,
		words: "too complex to compare",
	},
	renderMarkdown: {
		times: 7,
		ask: (service, ids, round) =>
			service.ask({
				url: `/reports/${ids[round]}`,
				remoteAddress: `192.0.2.${round}`,
			}),
		status: 200,
		words: "too complex to render",
	},
	typesetReport: {
		times: 7,
		ask: (service, [first], round) =>
			service.ask({
				url: `/reports/${first}.pdf`,
				remoteAddress: `192.0.2.${round}`,
			}),
		status: 422,
		words: "too complex to typeset",
	},
};
type Asked = ReturnType<TestService["ask"]>;

/** How many rounds of so many: all, a hundred or so, with `npm run test:long`. */
function share(rounds: number): number {
	return Math.floor(inject("isLong") ? rounds : Math.max(2, rounds / 6));
}

test("each kind of task runs out of time and out of memory, many times in all, and the service lives and answers others", async () => {
	const calm = await startService();
	const ids: string[] = [];
	const repository_url = "https://github.com/example/broken-text";
	for (let revision = 0; revision < 9; revision += 1) {
		const table = `| a | b |\n|---|---|\n${fill(`| SEC-1 Private ${revision} | ✅ Pass ${revision % 2} |\n`, 200 * KIB)}`;
		const { id } = await submit(calm, { report_data: table, repository_url });
		ids.push(id);
		await calm.ask({
			method: "PATCH",
			url: `/api/v1/reports/${id}/status`,
			payload: { status: "rejected", reviewed_by: "platform@intility.no" },
		});
	}
	const cpu = {
		assess: 30,
		textDiff: 30,
		renderMarkdown: 30,
		typesetReport: 30,
	};
	const { databaseUrl } = calm;
	const services = [
		await startService(undefined, { databaseUrl, workers: { cpu } }),
		await startService(undefined, {
			databaseUrl,
			workers: { memory: 30 * MIB },
		}),
	];
	let ended = 0;
	for (const service of services) {
		const work = Object.values(kinds).flatMap((kind) =>
			Array.from({ length: share(kind.times / 2) }, (_, round) => ({
				kind,
				round,
			})),
		);
		const ask = async () => {
			for (let next = work.shift(); next; next = work.shift()) {
				const { kind, round } = next;
				const answer = await kind.ask(service, ids, round);
				expect(JSON.stringify(answer.body)).toContain(kind.words);
				expect(answer.status).toBe(kind.status);
				const other = await service.ask({ url: `/api/v1/reports/${ids[0]}` });
				expect(other.status).toBe(200);
			}
		};
		await Promise.all([ask(), ask(), ask()]);
		const lines = service.logs.map((line) => JSON.parse(line));
		ended += lines.filter(
			({ msg }) => msg === "a task ended its worker",
		).length;
		expect(lines.filter(({ level }) => level >= 50)).toEqual([]);
		expect((await service.ask({ url: "/readyz" })).status).toBe(200);
	}
	const all = Object.values(kinds).map(({ times }) => 2 * share(times / 2));
	expect(ended).toBeGreaterThanOrEqual(all.reduce((sum, n) => sum + n) - 2);
	// Nothing of it was stored, and what was there can still be read.
	const list = await calm.ask({ url: "/api/v1/reports" });
	expect(list.body).toHaveLength(ids.length);
	expect((await calm.ask({ url: `/reports/${ids[0]}` })).body).not.toContain(
		"too complex",
	);
}, 600_000);

test("a report that is too complex to read is refused by every façade, and not stored", async () => {
	const service = await startService(undefined, {
		workers: { cpu: { assess: 50 } },
	});
	const report = newReport({ report_data: fill(brackets, MIB) });
	for (const url of ["/api/v1/reports", "/api/v1/reports/check"]) {
		const { status, body } = await service.ask({
			method: "POST",
			url,
			payload: url.endsWith("check")
				? { report_data: report.report_data }
				: report,
		});
		expect(status).toBe(422);
		expect(body.detail).toMatch(/too complex to read: shorten it/);
	}
	const trpc = await service.ask({
		method: "POST",
		url: "/trpc/reports.submit",
		payload: report,
	});
	expect(trpc.status).toBe(422);
	expect(trpc.body.error.data.code).toBe("UNPROCESSABLE_CONTENT");
	const { report_data: report_markdown, ...given } = report;
	const mcp = await service.ask({
		method: "POST",
		url: "/mcp",
		headers: { accept: "application/json, text/event-stream" },
		payload: {
			jsonrpc: "2.0",
			id: 1,
			method: "tools/call",
			params: {
				name: "submit_report",
				arguments: { ...given, report_markdown },
			},
		},
	});
	expect(mcp.body.result).toMatchObject({
		isError: true,
		content: [{ text: expect.stringContaining("too complex to read") }],
	});
	expect((await service.ask({ url: "/api/v1/reports" })).body).toEqual([]);
});
