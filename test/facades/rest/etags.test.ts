import Fastify, { type FastifyInstance } from "fastify";
import { beforeEach, expect, test } from "vitest";
import {
	openKeptAnswers,
	sendVersioned,
} from "../../../src/facades/rest/etags.ts";

/** What the database holds and says, and how often it was asked for what. */
let stored: { snapshot: string; version: string; text: string };
let asked: string[];
/** Happens once what is asked for has been read, and before it is sent. */
let meanwhile: () => void;
let app: FastifyInstance;

beforeEach(() => {
	stored = { snapshot: "1", version: "a", text: "as submitted" };
	asked = [];
	meanwhile = () => {};
	const kept = openKeptAnswers();
	app = Fastify({ routerOptions: { maxParamLength: 1000 } });
	app.get<{ Params: { key: string } }>("/:key", (request, reply) =>
		sendVersioned(
			{
				key: request.params.key,
				readSnapshot: async () => {
					asked.push("snapshot");
					return stored.snapshot;
				},
				readVersion: async () => {
					asked.push("version");
					return stored.version;
				},
				read: async () => {
					asked.push("all");
					const { version, text } = stored;
					meanwhile();
					return { version, text };
				},
				versionOf: ({ version }: typeof stored) => version,
			} as Parameters<typeof sendVersioned>[0],
			request.headers["if-none-match"],
			kept,
			reply,
		),
	);
});

/** What an answer was, and what it took to give it. */
async function get(key = "key", headers: Record<string, string> = {}) {
	asked = [];
	const { statusCode, body } = await app.inject({ url: `/${key}`, headers });
	return [statusCode, body && JSON.parse(body).text, ...asked];
}

test("what is asked for again is read twice, and then sent as long as nothing is written", async () => {
	expect(await get()).toEqual([200, "as submitted", "all"]);
	expect(await get()).toEqual([200, "as submitted", "snapshot", "all"]);
	expect(await get()).toEqual([200, "as submitted", "snapshot"]);
	expect(await get("other")).toEqual([200, "as submitted", "all"]);
});

test("when something was written, the version decides, once", async () => {
	for (let times = 1; times <= 3; times += 1) await get();
	stored.snapshot = "2";
	expect(await get()).toEqual([200, "as submitted", "snapshot", "version"]);
	expect(await get()).toEqual([200, "as submitted", "snapshot"]);
	stored = { snapshot: "3", version: "b", text: "decided" };
	expect(await get()).toEqual([200, "decided", "snapshot", "version", "all"]);
	expect(await get()).toEqual([200, "decided", "snapshot"]);
});

test("what is written while an answer is read is seen by the next one", async () => {
	await get();
	meanwhile = () => {
		stored = { snapshot: "2", version: "b", text: "decided" };
	};
	expect((await get())[1]).toBe("as submitted");
	expect((await get())[1]).toBe("decided");
});

test("a client that has the version gets 304 from what is kept, too", async () => {
	const known = { "if-none-match": '"a"' };
	expect(await get("key", known)).toEqual([304, "", "version"]);
	for (let times = 1; times <= 2; times += 1) await get();
	expect(await get("key", known)).toEqual([304, "", "snapshot"]);
	stored = { snapshot: "2", version: "b", text: "decided" };
	expect(await get("key", known)).toEqual([
		200,
		"decided",
		"snapshot",
		"version",
		"all",
	]);
});

test("a question that is long is not remembered, and of many the first are forgotten", async () => {
	const long = "x".repeat(80);
	const longer = Array.from({ length: 7 }, () => long).join("-");
	for (const _ of [1, 2, 3]) {
		expect((await get(longer)).slice(2)).toEqual(["all"]);
	}
	await get("first");
	for (let other = 0; other < 10_001; other += 1) await get(`other ${other}`);
	expect((await get("first")).slice(2)).toEqual(["all"]);
});
