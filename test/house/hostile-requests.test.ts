import { Agent, request } from "node:http";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { expect, inject, onTestFinished, test } from "vitest";
import { fillTemplate } from "../support/fill-template.ts";
import { makeDatabase, newReport, startService } from "../support/helpers.ts";
import {
	type HostileRequest,
	hostileBytes,
	hostileRequests,
	MARK,
} from "../support/hostile-requests.ts";
import { startProvider } from "../support/provider.ts";
import {
	type ServiceProcess,
	send,
	startServiceProcess,
} from "../support/service-process.ts";

/** `npm run test:long` sends more of them. */
const isLong = inject("isLong");

/** Bytes by which the heap may differ between two looks: caches that fill, code that is compiled. */
const HEAP_TOLERANCE = 24 * 1024 * 1024;

/** Lets a test ask the service for its heap after a collection, by a signal. */
const heapReporter = `data:text/javascript,${encodeURIComponent(`
	process.on("SIGUSR2", () => {
		gc();
		gc();
		process.stderr.write("heap " + process.memoryUsage().heapUsed + "\\n");
	});
`)}`;

async function startWatched(databaseUrl: string) {
	const main = new URL("../../src/main.ts", import.meta.url).pathname;
	return startServiceProcess({ DATABASE_URL: databaseUrl }, main, [
		process.execPath,
		"--expose-gc",
		"--import",
		heapReporter,
		main,
	]);
}

async function heapOf(service: ServiceProcess): Promise<number> {
	const before = service.output().split("heap ").length;
	service.child.kill("SIGUSR2");
	for (;;) {
		const said = service.output().split("heap ");
		if (said.length > before) return Number.parseInt(said.at(-1) ?? "", 10);
		await wait(20);
	}
}

/** What was stored before the attack, row by row. */
async function readRows(client: pg.Client, ids: string[]) {
	const { rows } = await client.query(
		`select md5(report::text) as report,
			(select json_agg(decision order by decision.id) from report_decisions as decision where report_id = report.id) as decisions
		from mcp_server_reports as report where id = any($1) order by id`,
		[ids],
	);
	return rows;
}

type Target = Pick<ServiceProcess, "url">;

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

function attack(service: Target, hostile: HostileRequest) {
	return new Promise<{ status: number; headers: string; body: string }>(
		(resolve, reject) => {
			const { method, target, headers = {}, body } = hostile;
			const sent = request(
				`${service.url}`,
				{
					agent,
					method,
					path: target,
					headers: {
						...headers,
						...(body !== undefined && {
							"content-length": String(Buffer.byteLength(body)),
						}),
					},
				},
				async (answer) => {
					const text = (await buffer(answer)).toString();
					resolve({
						status: answer.statusCode ?? 0,
						headers: JSON.stringify(answer.headers),
						body: text,
					});
				},
			);
			sent.on("error", reject);
			sent.end(body);
		},
	);
}

/** The service may hang up on a body that it does not want; it must not on anything else. */
async function survive(service: Target, hostile: HostileRequest) {
	try {
		return await attack(service, hostile);
	} catch (error) {
		const { code } = error as { code?: string };
		const isLarge = (hostile.body?.length ?? 0) > 64 * 1024;
		if (isLarge && (code === "EPIPE" || code === "ECONNRESET")) return;
		throw new Error(`${tell(hostile)} was not answered: ${code}`);
	}
}

function tell({ method, target, headers, body }: HostileRequest): string {
	return `${method} ${target.slice(0, 300)} ${JSON.stringify(headers ?? {}).slice(0, 300)} ${String(body ?? "").slice(0, 300)}`;
}

async function attackAll(
	service: Target,
	requests: HostileRequest[],
	secret?: string,
) {
	const seen = new Map<number, number>();
	const queue = [...requests];
	const attacker = async () => {
		for (let next = queue.shift(); next; next = queue.shift()) {
			const answer = await survive(service, next);
			if (!answer) continue;
			const { status, headers, body } = answer;
			const told = `${tell(next)} answered ${status} ${body.slice(0, 500)}`;
			seen.set(status, (seen.get(status) ?? 0) + 1);
			if (secret) expect((body + headers).includes(secret), told).toBe(false);
			// 503 is deliberate while the service is overloaded, which it says.
			if (status !== 503 || !body.includes("overloaded")) {
				expect(status, told).toBeLessThan(500);
			}
			// The document and its reference quote what such an answer would be.
			if (!/^\/(openapi\.json|docs)/.test(next.target)) {
				expect(
					/internal server error|\n\s+at .*:\d+:\d+/i.test(body),
					told,
				).toBe(false);
			}
			expect(headers, told).not.toContain("x-injected");
			if (headers.includes("text/html")) {
				expect(body.includes(`alert("${MARK}")`), told).toBe(false);
			}
		}
	};
	await Promise.all(Array.from({ length: 8 }, attacker));
	return seen;
}

async function sendBytes(service: ServiceProcess, bytes: string) {
	const socket = connect(Number(new URL(service.url).port), "127.0.0.1");
	socket.on("error", () => {});
	socket.setTimeout(1_000, () => socket.destroy());
	socket.write(bytes, "latin1");
	const answer = await buffer(socket).catch(() => Buffer.alloc(0));
	expect(answer.toString(), bytes.slice(0, 200)).not.toMatch(/^HTTP\/1\.1 5/m);
}

test("thousands of hostile requests through every way in leave the service as it was", async () => {
	const databaseUrl = await makeDatabase();
	const service = await startWatched(databaseUrl);
	const client = new pg.Client({ connectionString: databaseUrl });
	await client.connect();
	onTestFinished(() => client.end());
	onTestFinished(() => agent.destroy());

	const path = "/api/v1/reports";
	const submitted = newReport({ report_data: fillTemplate() });
	const ids: string[] = [];
	for (const body of [submitted, newReport(), newReport()]) {
		ids.push((await send(service, "POST", path, body)).body.id);
	}
	const [decided = ""] = ids;
	const decision = { status: "approved", reviewed_by: "kim@example.com" };
	await send(service, "PATCH", `${path}/${decided}/status`, decision);
	const rows = await readRows(client, ids);

	const requests = hostileRequests(decided);
	expect(requests.length).toBeGreaterThan(2_000);
	// A part of them first: caches fill, code is compiled.
	await attackAll(
		service,
		requests.filter((_, index) => index % 5 === 0),
	);
	const before = await heapOf(service);

	const seen = await attackAll(service, requests);
	await Promise.all(hostileBytes.map((bytes) => sendBytes(service, bytes)));
	for (const status of [200, 201, 400, 403, 404, 405, 409, 413, 414, 415]) {
		expect(seen.get(status), `answers with status ${status}`).toBeGreaterThan(
			0,
		);
	}

	const after = await heapOf(service);
	expect(after - before).toBeLessThan(HEAP_TOLERANCE);
	expect(service.child.exitCode).toBeNull();
	const errors = service
		.logs()
		.filter(({ level }) => Number(level) >= 50 /* error */);
	expect(errors).toEqual([]);

	expect(await readRows(client, ids)).toEqual(rows);
	const one = await send(service, "GET", `${path}/${decided}`);
	expect(one.body).toMatchObject({ ...submitted, status: "approved" });
	const again = await send(service, "POST", path, newReport());
	expect(again.status).toBe(201);
	expect((await send(service, "GET", "/readyz")).status).toBe(200);
	service.child.kill("SIGTERM");
	expect((await service.ended()).code).toBe(0);
}, 120_000);

test.each(["a stranger", "another developer"])(
	"where people sign in, %s reads nothing and changes nothing by hostile requests",
	async (attacker) => {
		const publicUrl = "http://127.0.0.1:8080";
		const provider = await startProvider(publicUrl);
		const service = await startService(undefined, {
			...provider.settings(publicUrl),
			RATE_LIMIT: 0,
		});
		const secret = "only-for-its-readers-83127";
		const { body: report } = await service.ask({
			method: "POST",
			url: "/api/v1/reports",
			headers: { authorization: `Bearer ${await provider.mint("dev")}` },
			payload: newReport({
				developer_email: undefined,
				server_name: secret,
				report_data: `# ${secret}`,
			}),
		});
		expect(report.server_name).toBe(secret);
		const stored = () =>
			service.db
				.selectFrom("mcp_server_reports")
				.selectAll()
				.where("id", "=", report.id)
				.execute();
		const before = await stored();
		const authorization = `Bearer ${await provider.mint("other")}`;
		const requests = hostileRequests(report.id)
			.filter((_, index) => index % (isLong ? 2 : 6) === 0)
			.map((one) =>
				attacker === "a stranger"
					? one
					: { ...one, headers: { authorization, ...one.headers } },
			);
		const seen = await attackAll(
			{ url: await service.listen() },
			requests,
			secret,
		);
		expect(requests.length).toBeGreaterThan(isLong ? 2000 : 700);
		expect(seen.get(attacker === "a stranger" ? 401 : 404)).toBeGreaterThan(
			isLong ? 100 : 30,
		);
		expect(await stored()).toEqual(before);
	},
	120_000,
);

test.each(["a b", "[::1", "localhost:99999999", "x/y?z#", "@", "%00", "é"])(
	"whatever host is asked for, where all are allowed: %s",
	async (host) => {
		const service = await startService(undefined, { ALLOWED_HOSTS: ["*"] });
		for (const [method, url] of [
			["POST", "/mcp"],
			["GET", "/"],
			["GET", "/docs"],
			["GET", "/api/v1/reports"],
			["GET", "/trpc/health.live"],
		] as const) {
			const { status } = await service.ask({
				method,
				url,
				headers: {
					host,
					"content-type": "application/json",
					accept: "application/json, text/event-stream",
				},
				...(method === "POST" && {
					payload: { jsonrpc: "2.0", id: 1, method: "ping" },
				}),
			});
			expect(status, url).toBeLessThan(500);
		}
	},
);
