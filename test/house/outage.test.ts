import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
	Client,
	StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { sql } from "kysely";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { publicError } from "../../src/core/public-error.ts";
import { createClient } from "../../src/facades/trpc/client.ts";
import { openDatabase } from "../../src/platform/postgres/database.ts";
import { startEmbedded } from "../../src/platform/postgres/embedded.ts";
import { readSnapshot } from "../../src/platform/postgres/snapshot.ts";
import { makeDatabase, newReport } from "../support/helpers.ts";
import {
	type ServiceProcess,
	send,
	startServiceProcess,
} from "../support/service-process.ts";

/** One address in front of a PostgreSQL that comes and goes. */
class Gateway {
	#server: Server | undefined;
	#sockets = new Set<Socket>();
	port = 0;

	/** Listens, always on the same port, and leads to the server at this URL. */
	async open(url: string): Promise<string> {
		const address = new URL(url);
		const target = { host: address.hostname, port: Number(address.port) };
		this.#server = createServer((from) => {
			const to = connect(target);
			for (const [one, other] of [
				[from, to],
				[to, from],
			] as const) {
				one.pipe(other);
				one.on("error", () => other.destroy());
				one.on("close", () => other.destroy());
			}
			this.#sockets.add(from).add(to);
		}).listen(this.port, "127.0.0.1");
		await once(this.#server, "listening");
		this.port = (this.#server.address() as { port: number }).port;
		address.host = `127.0.0.1:${this.port}`;
		return address.href;
	}

	/** Nobody listens any more. */
	close() {
		this.#server?.close();
		for (const socket of this.#sockets) socket.destroy();
		this.#sockets.clear();
	}

	/** What is connected stays connected, but nothing comes through any more, ever. */
	swallow() {
		for (const socket of this.#sockets) {
			socket.unpipe();
			socket.pause();
		}
	}
}

function startGateway() {
	const gateway = new Gateway();
	onTestFinished(() => gateway.close());
	return gateway;
}

async function startPostgres(dataDir: string) {
	const settings = { fsync: "off" };
	const server = await startEmbedded({ dataDir, isExplicit: true, settings });
	onTestFinished(() => server.stop());
	return server;
}

function expectUnavailable(answer: Awaited<ReturnType<typeof send>>) {
	expect(answer.status).toBe(503);
	expect(answer.headers.get("retry-after")).toBe("5");
	expect(answer.headers.get("content-type")).toMatch(
		/^application\/problem\+json/,
	);
	expect(answer.body).toMatchObject({
		title: "Service Unavailable",
		status: 503,
		code: "SERVICE_UNAVAILABLE",
		request_id: answer.headers.get("x-request-id"),
	});
}

async function connectMcp(service: ServiceProcess) {
	const client = new Client({ name: "test", version: "1.0.0" });
	await client.connect(
		new StreamableHTTPClientTransport(new URL(`${service.url}/mcp`)),
	);
	onTestFinished(() => client.close());
	return client;
}

test("after a crash of the database no snapshot is one of before, though numbers of transactions are given again", async () => {
	const dataDir = await mkdtemp(join(tmpdir(), "go-live-crash-"));
	onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
	const { url } = await startPostgres(dataDir);
	const db = openDatabase(url, { poolSize: 2, onLost() {} });
	onTestFinished(() => db.destroy());
	await sql`create table written (number integer)`.execute(db);
	const before = [await readSnapshot(db)];
	for (let times = 1; times <= 3; times += 1) {
		// Ends without a trace in what survives a crash.
		const undone = db.transaction().execute(async (tx) => {
			await sql`insert into written values (1)`.execute(tx);
			throw new Error("undone");
		});
		await expect(undone).rejects.toThrow("undone");
		before.push(await readSnapshot(db));
	}
	const { rows } = await sql<{
		pid: number;
	}>`select pg_backend_pid() as pid`.execute(db);
	process.kill(rows[0]?.pid ?? 0, "SIGKILL");
	const readAgain = () => readSnapshot(db).catch(() => undefined);
	const after: (string | undefined)[] = [];
	await expect
		.poll(async () => after[after.push(await readAgain()) - 1], {
			timeout: 30_000,
		})
		.toBeDefined();
	const transactions = (snapshot = "") => snapshot.split(" ", 1)[0];
	expect(before.map(transactions)).toContain(transactions(after.at(-1)));
	expect(before).not.toContain(after.at(-1));
});

test("while the database is away every way in says so, and the same process recovers when it is back", async () => {
	const dataDir = await mkdtemp(join(tmpdir(), "go-live-outage-"));
	const gateway = startGateway();
	onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
	const first = await startPostgres(dataDir);
	const service = await startServiceProcess({
		DATABASE_URL: await gateway.open(first.url),
	});
	const path = "/api/v1/reports";
	const { body: report } = await send(service, "POST", path, newReport());
	const mcp = await connectMcp(service);
	const trpc = createClient(service.url);

	// All the time, through both changes, a reader sees the truth or nothing.
	let isOver = false;
	const seen = new Set<number>();
	const reader = (async () => {
		while (!isOver) {
			const list = await send(service, "GET", path);
			const one = await send(service, "GET", `${path}/${report.id}`);
			for (const answer of [list, one]) {
				seen.add(answer.status);
				if (answer.status === 503) expectUnavailable(answer);
				else expect(answer.status).toBe(200);
			}
			if (list.status === 200) expect(list.body).toHaveLength(1);
		}
	})();
	reader.catch(() => {});

	await wait(200);
	await first.stop();
	gateway.close();

	expectUnavailable(await send(service, "GET", path));
	expectUnavailable(await send(service, "GET", `${path}/${report.id}`));
	expectUnavailable(
		await send(service, "GET", `${path}/${report.id}/decisions`),
	);
	expectUnavailable(await send(service, "POST", path, newReport()));
	const decision = { status: "approved", reviewed_by: "Morgan" };
	expectUnavailable(
		await send(service, "PATCH", `${path}/${report.id}/status`, decision),
	);
	expectUnavailable(await send(service, "GET", "/readyz"));
	expect((await send(service, "GET", "/healthz")).status).toBe(200);

	await expect(trpc.reports.list.query({})).rejects.toMatchObject({
		data: { code: "SERVICE_UNAVAILABLE", httpStatus: 503 },
	});
	const raw = await send(service, "GET", "/trpc/reports.list?input={}");
	expect(raw.status).toBe(503);
	expect(raw.headers.get("retry-after")).toBe("5");
	for (const [name, args] of [
		["list_servers", {}],
		["get_report", { id: report.id }],
	] as const) {
		const result = await mcp.callTool({ name, arguments: args });
		expect(result).toMatchObject({
			isError: true,
			content: [{ text: expect.stringContaining("database does not answer") }],
		});
	}
	await expect(
		mcp.readResource({ uri: `golive://reports/${report.id}` }),
	).rejects.toThrow(/database does not answer/);

	const second = await startPostgres(dataDir);
	await gateway.open(second.url);
	await expect
		.poll(async () => (await send(service, "GET", "/readyz")).status)
		.toBe(200);
	expect((await send(service, "GET", `${path}/${report.id}`)).body).toEqual(
		report,
	);
	expect(await trpc.reports.get.query({ id: report.id })).toEqual(report);
	expect(await mcp.callTool({ name: "list_servers", arguments: {} })).toEqual(
		expect.not.objectContaining({ isError: true }),
	);
	isOver = true;
	await reader;
	expect([...seen].sort()).toEqual([200, 503]);
	expect(service.child.exitCode).toBe(null);
	service.child.kill("SIGTERM");
	expect((await service.ended()).code).toBe(0);
	await second.stop();
});

test("connections that went silent are given up, and the next request takes a new one", async () => {
	const gateway = startGateway();
	const DATABASE_URL = await gateway.open(await makeDatabase());
	const service = await startServiceProcess({
		DATABASE_URL,
		DATABASE_POOL_SIZE: "2",
	});
	// Each another question, so that none is answered together with others: all
	// connections are opened, and all of them meet the silence.
	const askAtOnce = () =>
		Promise.all(
			Array.from({ length: 20 }, (_, index) =>
				send(service, "GET", `/api/v1/reports?limit=${index + 1}`),
			),
		);
	for (const { status } of await askAtOnce()) expect(status).toBe(200);
	gateway.swallow();
	for (const answer of await askAtOnce()) expectUnavailable(answer);
	for (const { status } of await askAtOnce()) expect(status).toBe(200);
});

test.each(["53100", "53200"])(
	"a database without space or memory (%s) is told to come back later",
	(code) => {
		const full = Object.assign(new Error("no space left"), { code });
		expect(publicError(full)).toMatchObject({
			status: 503,
			retryAfter: expect.any(Number),
		});
	},
);

test("a submission that the database holds up for too long is undone, and nothing is left of it", async () => {
	const DATABASE_URL = await makeDatabase();
	const service = await startServiceProcess({ DATABASE_URL });
	const client = new pg.Client({ connectionString: DATABASE_URL });
	await client.connect();
	onTestFinished(() => client.end());
	await client.query("begin; lock table mcp_server_reports in share mode");
	const path = "/api/v1/reports";
	expectUnavailable(await send(service, "POST", path, newReport()));
	await client.query("rollback");
	expect((await send(service, "GET", path)).body).toEqual([]);
	expect((await send(service, "POST", path, newReport())).status).toBe(201);
	expect((await send(service, "GET", path)).body).toHaveLength(1);
});
