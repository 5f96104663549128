import { once } from "node:events";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import { pino } from "pino";
import { expect, test } from "vitest";
import { networkOf } from "../../../src/core/client-address.ts";
import { countUnfinishedBodies } from "../../../src/facades/http/limits/unfinished-bodies.ts";
import {
	newReport,
	startService,
	type TestService,
} from "../../support/helpers.ts";
import { openSocket } from "../../support/open-sockets.ts";

const MIB = 1024 * 1024;

/** Asks on a connection whether the service lives. */
async function isAnswered(socket: Socket): Promise<boolean> {
	socket.write(
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	);
	return /^HTTP\/1\.1 200/.test(await text(socket));
}

test("idle connections of one address shut nobody else out", async () => {
	const service = await startService(undefined, {
		MAX_CONNECTIONS: 40,
		MAX_CONNECTIONS_PER_ADDRESS: 8,
	});
	await service.listen();
	const idle: Socket[] = [];
	for (let count = 0; count < 8; count++) idle.push(await openSocket(service));
	for (let count = 0; count < 60; count++) {
		expect(await text(await openSocket(service))).toBe("");
	}
	expect(await isAnswered(await openSocket(service, "127.0.0.2"))).toBe(true);
	// Those that were there first still are, and one that goes makes room.
	expect(await isAnswered(idle[0] as Socket)).toBe(true);
	await expect
		.poll(async () => isAnswered(await openSocket(service)))
		.toBe(true);
	const said = service.logs.filter((line) =>
		line.includes("MAX_CONNECTIONS_PER_ADDRESS"),
	);
	expect(said).toHaveLength(1);
});

test("a proxy that is trusted has no limit of its own, for everybody comes through it", async () => {
	const service = await startService(undefined, {
		MAX_CONNECTIONS_PER_ADDRESS: 2,
		TRUST_PROXY: ["127.0.0.2/32"],
	});
	await service.listen();
	for (let count = 0; count < 10; count++) {
		await openSocket(service, "127.0.0.2");
	}
	expect(await isAnswered(await openSocket(service, "127.0.0.2"))).toBe(true);
	await openSocket(service);
	await openSocket(service);
	expect(await text(await openSocket(service))).toBe("");
});

test.each([
	["192.0.2.1", "192.0.2.1"],
	["::ffff:192.0.2.1", "192.0.2.1"],
	["::ffff:c000:201", "192.0.2.1"],
	["::1", "0:0:0:0::/64"],
	["2001:db8::1", "2001:db8:0:0::/64"],
	["2001:DB8:0:0:ffff::", "2001:db8:0:0::/64"],
	["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
	["fe80::1%eth0", "fe80:0:0:0::/64"],
	["", ""],
])("%s counts as %s", (address, network) => {
	expect(networkOf(address)).toBe(network);
});

/** Begins a body on a connection of its own, and sends all of it but a byte. */
async function begin(
	service: TestService,
	from: string,
	bytes: number,
	path = "/api/v1/reports",
): Promise<{ answer: Promise<string> }> {
	const socket = await openSocket(service, from);
	const answer = once(socket, "data").then(String, () => "");
	socket.write(
		`POST ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n{"report_data":"`,
	);
	socket.write("x".repeat(bytes - 17));
	await wait(100);
	return { answer };
}

const settled = async (answers: Promise<string>[]) =>
	Promise.all(
		answers.map((answer) => Promise.race([answer, wait(1_000, "waits")])),
	);

test.each(["/api/v1/reports", "/trpc/reports.submit", "/mcp"])(
	"unfinished bodies for %s take so much memory of one address, and others are served",
	async (path) => {
		const service = await startService(undefined, {
			bodies: { perHolder: 4 * MIB },
		});
		const base = await service.listen();
		const answers: Promise<string>[] = [];
		for (let count = 0; count < 6; count++) {
			const { answer } = await begin(service, "127.0.0.1", MIB, path);
			answers.push(answer);
		}
		const all = await settled(answers);
		expect(all.filter((answer) => answer === "waits")).toHaveLength(4);
		const refused = all.filter((answer) => answer !== "waits");
		for (const answer of refused) {
			expect(answer).toMatch(/^HTTP\/1\.1 429 /);
			expect(answer).toMatch(/^retry-after: 5\r$/im);
			expect(answer).toContain("more than 4 MiB at once");
		}
		expect(await isAnswered(await openSocket(service))).toBe(true);
		const other = await begin(service, "127.0.0.2", MIB, path);
		expect(await settled([other.answer])).toEqual(["waits"]);
		expect((await fetch(`${base}/readyz`)).status).toBe(200);
	},
);

test("where too much is held in all, whoever holds the most makes room", async () => {
	const service = await startService(undefined, { bodies: { inAll: 6 * MIB } });
	await service.listen();
	const greedy = [
		await begin(service, "127.0.0.1", 2 * MIB),
		await begin(service, "127.0.0.1", 2 * MIB),
	];
	const modest = await begin(service, "127.0.0.2", MIB);
	const honest = await begin(service, "127.0.0.3", 2 * MIB);
	const [first, second] = await settled(greedy.map(({ answer }) => answer));
	const refused = [first, second].filter((answer) => answer !== "waits");
	expect(refused).toEqual([expect.stringMatching(/^HTTP\/1\.1 503 /)]);
	expect(refused[0]).toMatch(/^retry-after: 5\r$/im);
	expect(await settled([modest.answer, honest.answer])).toEqual([
		"waits",
		"waits",
	]);
});

test("what is answered or broken off is held no longer", async () => {
	const service = await startService(undefined, {
		bodies: { perHolder: 300_000 },
	});
	const base = await service.listen();
	for (let count = 0; count < 3; count++) {
		const socket = await openSocket(service);
		socket.write(
			`POST /api/v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n{`,
		);
		await wait(50);
		socket.destroy();
		await wait(50);
		for (const padding of ["x", "x".repeat(200_000)]) {
			const { status } = await fetch(`${base}/api/v1/reports`, {
				method: "POST",
				headers: { "content-type": "application/json" },
				body: JSON.stringify(newReport({ padding })),
			});
			expect(status).toBe(201);
		}
	}
});

test("the count of what is held comes back to nothing, whatever happens to bodies", () => {
	const refused: string[] = [];
	const bodies = countUnfinishedBodies(pino({ level: "silent" }), {
		perHolder: 100,
		inAll: 150,
	});
	const begin = (holder: string, name: string) =>
		bodies.begin(holder, () => refused.push(name));
	const [a, b, c] = [begin("x", "a"), begin("x", "b"), begin("y", "c")];
	a.grow(60);
	a.grow(50);
	b.grow(41);
	expect(refused).toEqual(["b"]);
	b.grow(1_000);
	b.release();
	c.grow(100);
	expect(refused).toEqual(["b", "c"]);
	const d = begin("y", "d");
	d.grow(90);
	// What has arrived is worked on: it cannot be refused any more.
	d.complete();
	const e = begin("z", "e");
	e.grow(10);
	expect(refused).toEqual(["b", "c", "a"]);
	for (const body of [a, b, c, d, e]) body.release();
	for (const body of [a, b, c, d, e]) body.release();
	const f = begin("w", "f");
	f.grow(100);
	expect(refused).toHaveLength(3);
});
