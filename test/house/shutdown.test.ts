import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
	Client,
	StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { makeDatabase, newReport } from "../support/helpers.ts";
import {
	type ServiceProcess,
	send,
	startProcess,
	startServiceProcess,
} from "../support/service-process.ts";

const repository_url = "https://github.com/example/contested";

/** Makes submissions for `repository_url` wait until the returned function is called. */
async function blockSubmissions(databaseUrl: string) {
	const client = new pg.Client({ connectionString: databaseUrl });
	client.on("error", () => {});
	await client.connect();
	onTestFinished(() => client.end());
	await client.query("begin");
	await client.query(`insert into mcp_server_reports (server_name, repository_url, repository_key, revision,
			developer_email, report_data, content_sha256)
		values ('rival', '${repository_url}', 'github.com/example/contested', 1,
			'alex@example.com', '# Report', repeat('0', 64))`);
	return () => client.query("rollback");
}

/** Submits to the blocked repository and waits until the database holds it up. */
async function submitSlowly(service: ServiceProcess, databaseUrl: string) {
	const answer = send(
		service,
		"POST",
		"/api/v1/reports",
		newReport({ repository_url }),
	);
	answer.catch(() => {});
	const client = new pg.Client({ connectionString: databaseUrl });
	await client.connect();
	for (;;) {
		const { rows } = await client.query(
			"select from pg_locks where not granted and locktype = 'transactionid'",
		);
		if (rows.length > 0) break;
		await wait(20);
	}
	await client.end();
	// Wrapped, because a promise inside a promise would be waited for.
	return { answer };
}

async function isRefused(url: string) {
	const socket = connect(Number(new URL(url).port), "127.0.0.1");
	return new Promise<boolean>((resolve) => {
		socket.once("connect", () => resolve(false));
		socket.once("error", () => resolve(true));
	}).finally(() => socket.destroy());
}

test("on SIGTERM a running submission is finished and new connections are refused", async () => {
	const DATABASE_URL = await makeDatabase();
	const service = await startServiceProcess({ DATABASE_URL });
	const unblock = await blockSubmissions(DATABASE_URL);
	const { answer } = await submitSlowly(service, DATABASE_URL);
	service.child.kill("SIGTERM");
	const ended = service.ended();
	while (!(await isRefused(service.url))) await wait(20);
	await unblock();
	const { status, body } = await answer;
	expect(status).toBe(201);
	const { code, milliseconds } = await ended;
	expect(code).toBe(0);
	// Soon after the answer, although the client would have kept its connection.
	expect(milliseconds).toBeLessThan(4_000);

	const next = await startServiceProcess({ DATABASE_URL });
	const found = await send(next, "GET", `/api/v1/reports/${body.id}`);
	expect(found.body).toEqual(body);
});

test.each(["thrown", "rejected"])(
	"an error that is %s and that nobody catches is logged, and ends the service in good order, with exit code 1",
	async (FAILURE) => {
		const DATABASE_URL = await makeDatabase();
		const service = await startServiceProcess(
			{ DATABASE_URL, FAILURE },
			new URL("../fixtures/failing-service.ts", import.meta.url).pathname,
		);
		const unblock = await blockSubmissions(DATABASE_URL);
		const { answer } = await submitSlowly(service, DATABASE_URL);
		service.child.kill("SIGUSR2");
		const ended = service.ended();
		while (!(await isRefused(service.url))) await wait(20);
		await unblock();
		expect((await answer).status).toBe(201);
		expect((await ended).code).toBe(1);
		expect(service.logs()).toContainEqual(
			expect.objectContaining({
				level: 60,
				msg: "uncaught error: the service stops",
				err: expect.objectContaining({ message: "nobody caught this" }),
			}),
		);
	},
);

test("on SIGTERM a request that does not end is cut off, and the service ends within ten seconds", async () => {
	const DATABASE_URL = await makeDatabase();
	const service = await startServiceProcess({ DATABASE_URL });
	await blockSubmissions(DATABASE_URL);
	await submitSlowly(service, DATABASE_URL);
	service.child.kill("SIGTERM");
	const { code, milliseconds, stdout } = await service.ended();
	expect(code).toBe(0);
	expect(milliseconds).toBeLessThan(10_000);
	expect(stdout).toContain("running requests were cut off");
});

test("a request that does not end does not leave the private database running", async () => {
	const DATA_DIR = await mkdtemp(join(tmpdir(), "go-live-shutdown-"));
	onTestFinished(() => rm(DATA_DIR, { recursive: true }));
	const service = await startServiceProcess({ DATA_DIR });
	const postgres = join(DATA_DIR, "postgres");
	const password = await readFile(join(postgres, "password"), "utf8");
	const lockFile = join(postgres, "data", "postmaster.pid");
	const [, , , port] = (await readFile(lockFile, "utf8")).split("\n");
	const url = `postgresql://go_live:${password}@127.0.0.1:${port}/go_live`;
	await blockSubmissions(url);
	await submitSlowly(service, url);
	service.child.kill("SIGTERM");
	const { code, milliseconds } = await service.ended();
	expect(code).toBe(0);
	expect(milliseconds).toBeLessThan(10_000);
	expect(existsSync(lockFile)).toBe(false);
});

test("a service whose private database has ended says so and ends, and starts again with all that was acknowledged", async () => {
	const DATA_DIR = await mkdtemp(join(tmpdir(), "go-live-shutdown-"));
	onTestFinished(() => rm(DATA_DIR, { recursive: true }));
	const service = await startServiceProcess({ DATA_DIR });
	const submitted = await send(
		service,
		"POST",
		"/api/v1/reports",
		newReport({ repository_url }),
	);
	expect(submitted.status).toBe(201);
	const lockFile = join(DATA_DIR, "postgres/data/postmaster.pid");
	const [pid] = (await readFile(lockFile, "utf8")).split("\n");
	process.kill(Number(pid), "SIGKILL");
	const { code } = await service.ended();
	expect(code).toBe(1);
	expect(service.logs()).toContainEqual(
		expect.objectContaining({ msg: "the private PostgreSQL has ended" }),
	);
	const again = await startServiceProcess({ DATA_DIR });
	const list = await fetch(`${again.url}/api/v1/reports`);
	expect(await list.json()).toHaveLength(1);
	again.child.kill("SIGTERM");
	expect((await again.ended()).code).toBe(0);
});

test("a start that waits for another's migrations says so", async () => {
	const DATABASE_URL = await makeDatabase();
	const client = new pg.Client({ connectionString: DATABASE_URL });
	await client.connect();
	onTestFinished(() => client.end());
	// Kysely's migrator takes this lock; see its PostgreSQL adapter.
	await client.query("select pg_advisory_lock(3853314791062309107)");
	const service = startProcess([], { DATABASE_URL, PORT: "0" });
	await expect
		.poll(service.output, { timeout: 20_000 })
		.toContain("migrating the database is taking long");
	await client.query("select pg_advisory_unlock_all()");
	await expect
		.poll(service.output, { timeout: 20_000 })
		.toContain("listens on");
});

test.each(["SIGTERM", "SIGINT"] as const)(
	"on %s an idle service ends at once, whoever keeps a connection open",
	async (signal) => {
		const service = await startServiceProcess({
			DATABASE_URL: await makeDatabase(),
		});
		const agent = new Agent({ keepAlive: true });
		onTestFinished(() => agent.destroy());
		await new Promise<void>((resolve, reject) => {
			request(`${service.url}/api/v1/reports`, { agent }, (answer) => {
				answer.resume().on("end", resolve);
			})
				.on("error", reject)
				.end();
		});
		// One that never sends a request, too.
		const silent = connect(Number(new URL(service.url).port), "127.0.0.1");
		onTestFinished(() => void silent.destroy());
		await wait(100);
		service.child.kill(signal);
		const { code, milliseconds } = await service.ended();
		expect(code).toBe(0);
		expect(milliseconds).toBeLessThan(2_000);
	},
);

test("on SIGTERM an open MCP stream is ended in good order", async () => {
	const service = await startServiceProcess({
		DATABASE_URL: await makeDatabase(),
	});
	const client = new Client(
		{ name: "test", version: "1.0.0" },
		{ versionNegotiation: { mode: { pin: "2026-07-28" } } },
	);
	await client.connect(
		new StreamableHTTPClientTransport(new URL(`${service.url}/mcp`)),
	);
	const stream = await client.listen({ toolsListChanged: true });
	service.child.kill("SIGTERM");
	const ended = service.ended();
	expect(await stream.closed).toBe("graceful");
	const { code, milliseconds } = await ended;
	expect(code).toBe(0);
	expect(milliseconds).toBeLessThan(2_000);
	await client.close();
});

test.each([300, 700, 1500])(
	"SIGTERM %i ms after the start leaves no private PostgreSQL behind",
	async (delay) => {
		const dataDir = join(
			tmpdir(),
			`go-live-interrupted-${process.pid}-${delay}`,
		);
		onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
		const service = startProcess([], { PORT: "0", DATA_DIR: dataDir });
		await wait(delay);
		service.child.kill("SIGTERM");
		await service.ended();
		expect(existsSync(join(dataDir, "postgres/data/postmaster.pid"))).toBe(
			false,
		);
	},
);

test.each([
	["SIGTERM to npm", "SIGTERM", ["npm", "start"]],
	["SIGHUP, as of a terminal that is closed,", "SIGHUP", undefined],
] as const)(
	"%s ends the service and its database",
	async (_what, signal, command) => {
		const DATA_DIR = join(tmpdir(), `go-live-signal-${process.pid}-${signal}`);
		onTestFinished(() => rm(DATA_DIR, { recursive: true, force: true }));
		const service = await startServiceProcess({ DATA_DIR }, undefined, command);
		service.child.kill(signal);
		await service.ended();
		for (;;) {
			if (await isRefused(service.url)) break;
			await wait(50);
		}
		const lockFile = join(DATA_DIR, "postgres/data/postmaster.pid");
		while (existsSync(lockFile)) await wait(50);
	},
);
