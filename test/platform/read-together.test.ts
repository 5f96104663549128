import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../src/platform/postgres/database.ts";
import {
	readOnce,
	readTogether,
} from "../../src/platform/postgres/read-together.ts";
import { readSnapshot } from "../../src/platform/postgres/snapshot.ts";
import {
	decide,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";

let service: TestService;
/** Another instance on the same database. */
let other: TestService;

beforeAll(async () => {
	service = await startService(afterAll);
	const { databaseUrl } = service;
	other = await startService(afterAll, { databaseUrl });
});

const get = ({ ask }: TestService, id: string) =>
	ask({ url: `/api/v1/reports/${id}` });

describe("several keys in one query", () => {
	const noDatabase = {} as Database;
	const queries: (readonly string[])[] = [];
	const read = readTogether(async (_db, keys: readonly string[]) => {
		queries.push(keys);
		if (keys.includes("fail")) throw new Error("no answer");
		return keys.map((key) => key.toUpperCase());
	});
	const readAll = (keys: string[]) =>
		Promise.all(keys.map((key) => read(noDatabase, key)));

	test("each gets its own answer, twenty by query", async () => {
		const keys = Array.from({ length: 45 }, (_, index) => `key ${index % 30}`);
		const answers = await readAll(keys);
		expect(answers).toEqual(keys.map((key) => key.toUpperCase()));
		expect(queries.splice(0).map(({ length }) => length)).toEqual([20, 20, 5]);
	});

	test("who asks later is answered by a later query", async () => {
		await readAll(["a"]);
		await readAll(["a"]);
		expect(queries.splice(0)).toEqual([["a"], ["a"]]);
	});

	test("a query that fails fails for those who asked, and for nobody after them", async () => {
		await expect(readAll(["a", "fail"])).rejects.toThrow("no answer");
		expect(await readAll(["a"])).toEqual(["A"]);
	});
});

describe("one question of several", () => {
	const noDatabase = {} as Database;
	const asked: object[] = [];
	const read = readOnce(async (_db, question: { status: string }) => {
		asked.push(question);
		if (question.status === "fail") throw new Error("no answer");
		return { about: question.status, number: asked.length };
	});
	const readAll = (questions: string[]) =>
		Promise.all(questions.map((status) => read(noDatabase, { status })));

	test("the same question is asked once, another one for itself", async () => {
		const answers = await readAll(["a", "b", "a"]);
		expect(answers.map(({ about }) => about)).toEqual(["a", "b", "a"]);
		expect(answers[2]).toBe(answers[0]);
		expect(asked.splice(0)).toHaveLength(2);
	});

	test("who asks while the question is on its way has it asked again", async () => {
		let answerFirst = () => {};
		let times = 0;
		const slow = readOnce(async () => {
			times += 1;
			if (times > 1) return;
			await new Promise<void>((resolve) => {
				answerFirst = resolve;
			});
		});
		const first = slow(noDatabase, undefined);
		await new Promise((resolve) => setTimeout(resolve, 20));
		await slow(noDatabase, undefined);
		expect(times).toBe(2);
		answerFirst();
		await first;
	});

	test("a question that fails fails for those who asked, and for nobody after them", async () => {
		const failed = await Promise.allSettled([
			read(noDatabase, { status: "fail" }),
			read(noDatabase, { status: "fail" }),
		]);
		expect(failed.map(({ status }) => status)).toEqual([
			"rejected",
			"rejected",
		]);
		expect((await readAll(["a"]))[0]).toMatchObject({ about: "a" });
	});
});

test("many reports asked for at once: each its own, and 404 for one that is not there", async () => {
	const reports = await Promise.all(
		Array.from({ length: 25 }, (_, index) =>
			submit(service, { report_data: `# Report ${index}` }),
		),
	);
	const unknown = "00000000-0000-0000-0000-000000000000";
	const ids = [...reports, ...reports].map(({ id }) => id);
	const answers = await Promise.all(
		[...ids, unknown].map((id) => get(service, id)),
	);
	expect(answers.pop()).toMatchObject({
		status: 404,
		body: { detail: expect.stringContaining(unknown) },
	});
	expect(answers.map(({ body }) => body)).toEqual([...reports, ...reports]);
});

test("an id in capital letters is the same report", async () => {
	const { id } = await submit(service);
	const { status, body } = await get(service, id.toUpperCase());
	expect([status, body.id]).toEqual([200, id]);
});

/** How long it may take until nobody else writes for a moment. */
const POLL = { timeout: 20_000, interval: 5 };

async function isSteady(db: Database): Promise<boolean> {
	const first = await readSnapshot(db);
	return (await readSnapshot(db)) === first;
}

describe("a snapshot", () => {
	test("is the same until something is written, by whomever", async () => {
		const { db } = service;
		// Other tests write on the same server, now and then in between.
		let first = "";
		await expect
			.poll(async () => {
				first = await readSnapshot(db);
				await db.selectFrom("mcp_server_reports").selectAll().execute();
				return (await readSnapshot(db)) === first;
			}, POLL)
			.toBe(true);
		await submit(other);
		const second = await readSnapshot(db);
		expect(second).not.toBe(first);
		await sql`create table elsewhere (number integer)`.execute(other.db);
		const third = await readSnapshot(db);
		expect(third).not.toBe(second);
		await expect.poll(() => isSteady(db), POLL).toBe(true);
	});

	test("is another one when a transaction ends that began before", async () => {
		const { db } = service;
		let commit = () => {};
		let during = "";
		const writing = other.db.transaction().execute(async (tx) => {
			await sql`create table meanwhile (number integer)`.execute(tx);
			during = await readSnapshot(db);
			await new Promise<void>((resolve) => {
				commit = resolve;
			});
		});
		await expect.poll(() => during, { timeout: 20_000 }).not.toBe("");
		await expect.poll(() => isSteady(db), POLL).toBe(true);
		during = await readSnapshot(db);
		commit();
		await writing;
		expect(await readSnapshot(db)).not.toBe(during);
	});
});

describe("a report that was read before", () => {
	/** So often that what was sent is kept. */
	async function readOften(id: string) {
		for (let times = 1; times <= 3; times += 1) await get(service, id);
	}

	test("shows what was written past the service", async () => {
		const { id } = await submit(service);
		await readOften(id);
		await sql`update mcp_server_reports set approvals = 7 where id = ${id}`.execute(
			other.db,
		);
		expect((await get(service, id)).body.approvals).toBe(7);
	});

	test("is the same version after others were written", async () => {
		const { id } = await submit(service);
		await readOften(id);
		const { headers, body } = await get(service, id);
		for (let times = 1; times <= 3; times += 1) {
			await submit(other);
			const again = await get(service, id);
			expect(again.body).toEqual(body);
			expect(again.headers.etag).toBe(headers.etag);
		}
	});

	test("is never older than what somebody was told before it was asked for", async () => {
		const { id } = await submit(service);
		let isOver = false;
		const readAllTheTime = async () => {
			while (!isOver) await get(service, id);
		};
		const readers = [readAllTheTime(), readAllTheTime()];
		for (let turn = 1; turn <= 20; turn += 1) {
			for (const status of ["approved", "pending_review"]) {
				const { body } = await decide(turn % 2 ? other : service, id, status);
				const seen = await Promise.all([1, 2, 3].map(() => get(service, id)));
				expect(seen.map((one) => one.body)).toEqual([body, body, body]);
			}
		}
		isOver = true;
		await Promise.all(readers);
	});
});
