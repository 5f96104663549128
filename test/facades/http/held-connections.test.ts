import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { longestTurn } from "../../support/held-loop.ts";
import { makeDatabase, newReport } from "../../support/helpers.ts";
import {
	type ServiceProcess,
	startServiceProcess,
} from "../../support/service-process.ts";

/** Milliseconds for which nothing that a caller sends may hold the event loop. */
const MOST = 50;

let service: ServiceProcess;
const cleanUps: (() => Promise<void>)[] = [];
const atEnd = (cleanUp: () => Promise<void>) => void cleanUps.push(cleanUp);

afterAll(async () => {
	for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

beforeAll(async () => {
	service = await startServiceProcess(
		{ DATABASE_URL: await makeDatabase(atEnd), RATE_LIMIT: "0" },
		new URL("../../fixtures/watched-service.ts", import.meta.url).pathname,
		undefined,
		atEnd,
	);
	for (let round = 0; round < 20; round++) {
		await fetch(`${service.url}/api/v1/checklist`);
		await fetch(`${service.url}/healthz`);
	}
	await longestTurn(service);
}, 120_000);

/** A connection of its own, and what came back on it. */
async function open(): Promise<{ socket: Socket; said: () => string }> {
	const { hostname, port } = new URL(service.url);
	const socket = connect(Number(port), hostname);
	let text = "";
	socket.on("data", (chunk) => {
		text += chunk;
	});
	// It may be ended in the middle of what is sent.
	socket.on("error", () => {});
	await once(socket, "connect");
	return { socket, said: () => text };
}

const closed = (socket: Socket) =>
	new Promise((resolve) => socket.once("close", resolve));

const ask = (path: string, headers = "") =>
	`${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`;

/** The longest turn that something takes, in the best of three tries: the collector and the compiler take theirs out of any one. */
async function leastHeld(act: () => Promise<void>): Promise<number> {
	let least = Infinity;
	for (let tries = 0; tries < 3 && least >= MOST; tries++) {
		await act();
		least = Math.min(least, await longestTurn(service));
	}
	return least;
}

test("a body in pieces of one byte is given up, and holds nobody up", async () => {
	const held = await leastHeld(async () => {
		const { socket } = await open();
		const ended = closed(socket);
		socket.write(
			ask(
				"POST /api/v1/reports/check",
				"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
			),
		);
		const pieces = "1\r\n \r\n".repeat(20_000);
		for (let round = 0; round < 20 && !socket.destroyed; round++) {
			socket.write(pieces);
		}
		await ended;
	});
	expect(held).toBeLessThan(MOST);
});

test("one large report that many ask for at the same moment holds nobody up", async () => {
	const { hostname, port } = new URL(service.url);
	const base = `http://${hostname}:${port}/api/v1/reports`;
	const made = await fetch(base, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify(
			newReport({ report_data: `# Report\n${'"'.repeat(1_000_000)}` }),
		),
	});
	const { id } = (await made.json()) as { id: string };
	const held = await leastHeld(async () => {
		const answers = await Promise.all(
			Array.from({ length: 20 }, () =>
				fetch(`${base}/${id}`).then(async (answer) => {
					await answer.text();
					return answer.status;
				}),
			),
		);
		expect(answers).toEqual(Array(20).fill(200));
	});
	expect(held).toBeLessThan(MOST);
});

test("a body in a few hundred pieces is taken", async () => {
	const { socket, said } = await open();
	const body = JSON.stringify({ report_data: "# Report\n".repeat(50) });
	socket.write(
		ask(
			"POST /api/v1/reports/check",
			"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
		) +
			[...body].map((one) => `1\r\n${one}\r\n`).join("") +
			"0\r\n\r\n",
	);
	await expect.poll(said, { timeout: 20_000 }).toContain("HTTP/1.1 200");
	socket.destroy();
});

test.each([
	["the checklist", "GET /api/v1/checklist"],
	["a probe", "GET /healthz"],
	["nothing", "GET /nothing"],
])(
	"a connection that asks for %s 1,500 times without waiting is ended, and holds nobody up",
	async (_what, path) => {
		const held = await leastHeld(async () => {
			const { socket } = await open();
			const ended = closed(socket);
			socket.write(ask(path).repeat(1_500));
			await ended;
		});
		expect(held).toBeLessThan(MOST);
	},
);

test("a connection that asks a few times without waiting is answered each time", async () => {
	const { socket, said } = await open();
	socket.write(ask("GET /healthz").repeat(10));
	await expect.poll(() => said().split("HTTP/1.1 200").length - 1).toBe(10);
	socket.write(ask("GET /healthz").repeat(10));
	await expect.poll(() => said().split("HTTP/1.1 200").length - 1).toBe(20);
	socket.destroy();
});

test.each([
	"/api/v1/reports",
	"/mcp",
	"/trpc/reports.submit",
	"/reports/00000000-0000-4000-8000-000000000000/decide",
])("a compressed body to %s is refused at once", async (path) => {
	for (const type of [
		"application/json",
		"application/x-www-form-urlencoded",
	]) {
		const answer = await fetch(service.url + path, {
			method: "POST",
			headers: { "content-type": type, "content-encoding": "gzip" },
			body: gzipSync("{}"),
			signal: AbortSignal.timeout(5_000),
		});
		expect(answer.status).toBe(415);
		expect(answer.headers.get("accept-encoding")).toBe("identity");
	}
});

test("the answers of a batch hold so much together, and no more", async () => {
	const submitted = await fetch(`${service.url}/api/v1/reports`, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify(
			newReport({ report_data: "# Report\n".repeat(110_000) }),
		),
	});
	const { id } = (await submitted.json()) as { id: string };
	const call = (n: number) => ({
		jsonrpc: "2.0",
		id: n,
		method: "tools/call",
		params: { name: "get_report", arguments: { id } },
	});
	const heldByMcp = await leastHeld(async () => {
		const mcp = await fetch(`${service.url}/mcp`, {
			method: "POST",
			headers: {
				"content-type": "application/json",
				accept: "application/json, text/event-stream",
			},
			body: JSON.stringify(Array.from({ length: 20 }, (_, n) => call(n))),
		});
		const results = (await mcp.json()) as { result: { isError?: boolean } }[];
		const whole = results.filter(({ result }) => !result.isError);
		expect(whole).toHaveLength(1);
	});
	expect(heldByMcp).toBeLessThan(MOST);
	const input = Object.fromEntries(
		Array.from({ length: 20 }, (_, n) => [n, { id }]),
	);
	const path = Array(20).fill("reports.get").join();
	const heldByTrpc = await leastHeld(async () => {
		const trpc = await fetch(
			`${service.url}/trpc/${path}?batch=1&input=${encodeURIComponent(JSON.stringify(input))}`,
		);
		const answers = (await trpc.json()) as {
			error?: { data: { code: string } };
		}[];
		const refused = answers.filter(({ error }) => error);
		expect(refused).toHaveLength(19);
		expect(refused[0]?.error?.data.code).toBe("PAYLOAD_TOO_LARGE");
	});
	expect(heldByTrpc).toBeLessThan(MOST);
});

test("of changes in one batch, those whose answers would be too large together are not made", async () => {
	const report_data = "\n".repeat(1_000_000).padStart(1_000_001, "a");
	const ids: string[] = [];
	for (let count = 0; count < 8; count += 1) {
		const answer = await fetch(`${service.url}/api/v1/reports`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify(newReport({ report_data })),
		});
		ids.push(((await answer.json()) as { id: string }).id);
	}
	const decide = async (status: string) => {
		const answer = await fetch(
			`${service.url}/trpc/${Array(8).fill("reports.setStatus").join()}?batch=1`,
			{
				method: "POST",
				headers: { "content-type": "application/json" },
				body: JSON.stringify(
					Object.fromEntries(
						ids.map((id, n) => [
							n,
							{
								...{ id, status, reviewed_by: "morgan@example.com" },
								review_notes: "x",
							},
						]),
					),
				),
			},
		);
		const answers = (await answer.json()) as { error?: object }[];
		return answers.map(({ error }) => error === undefined);
	};
	const statuses = () =>
		Promise.all(
			ids.map(async (id) => {
				const answer = await fetch(`${service.url}/api/v1/reports/${id}`);
				return ((await answer.json()) as { status: string }).status;
			}),
		);
	const steps = ["rejected", "pending_review", "rejected"];
	const held = await leastHeld(async () => {
		expect(await decide(steps.shift() ?? "")).toEqual([
			true,
			...Array(7).fill(false),
		]);
	});
	expect(held).toBeLessThan(MOST);
	expect((await statuses()).slice(1)).toEqual(Array(7).fill("pending_review"));
});

test("a report of control characters is no text, and one with some is shown without most of their names, and holds nobody up", async () => {
	const submit = (report_data: string) =>
		fetch(`${service.url}/api/v1/reports`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify(newReport({ report_data })),
		});
	const refused = await submit("\u0001".repeat(10_001));
	expect(refused.status).toBe(400);
	expect(await refused.text()).toContain("10,000 control characters");
	const taken = await submit("\u0001".repeat(10_000).padEnd(1_000_000, '"'));
	const { id } = (await taken.json()) as { id: string };
	for (const path of [
		`/reports/${id}`,
		`/reports/${id}?view=raw`,
		`/api/v1/reports/${id}`,
	]) {
		const held = await leastHeld(async () => {
			const answer = await fetch(service.url + path);
			expect(answer.status).toBe(200);
			const text = await answer.text();
			expect(text.length).toBeLessThan(8_000_000);
			if (!path.includes("api")) expect(text).toContain("U+0001");
		});
		expect(held, path).toBeLessThan(MOST);
	}
});

test.each(["a\n\n", "- [x] SEC-1 done\n", "<b>x</b> "])(
	"the page of a report of %j holds nobody up, however long its markup is",
	async (piece) => {
		const report_data = piece.repeat(1_000_000 / piece.length);
		const taken = await fetch(`${service.url}/api/v1/reports`, {
			method: "POST",
			headers: { "content-type": "application/json" },
			body: JSON.stringify(newReport({ report_data })),
		});
		const { id } = (await taken.json()) as { id: string };
		const held = await leastHeld(async () => {
			const page = await fetch(`${service.url}/reports/${id}`);
			expect(await page.text()).toMatch(/<\/html>\s*$/);
		});
		expect(held).toBeLessThan(MOST);
	},
);
