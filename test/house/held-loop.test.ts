import { afterAll, beforeAll, expect, test } from "vitest";
import {
	fill,
	type HeavyRequest,
	heavyMembers,
	longestTurn,
	throughEveryWayIn,
} from "../support/held-loop.ts";
import { makeDatabase } from "../support/helpers.ts";
import {
	type ServiceProcess,
	startServiceProcess,
} from "../support/service-process.ts";

/** Milliseconds for which nothing that a caller sends may hold the event loop. */
const MOST = 50;

const MIB = 1024 * 1024;

const watched = new URL("../fixtures/watched-service.ts", import.meta.url)
	.pathname;

let service: ServiceProcess;
const cleanUps: (() => Promise<void>)[] = [];
const atEnd = (cleanUp: () => Promise<void>) => void cleanUps.push(cleanUp);

afterAll(async () => {
	for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

beforeAll(async () => {
	service = await startServiceProcess(
		{ DATABASE_URL: await makeDatabase(atEnd) },
		watched,
		undefined,
		atEnd,
	);
	// What is done for the first time is compiled, loaded and connected for.
	for (let round = 0; round < 3; round++) {
		for (const request of Object.values(throughEveryWayIn({})))
			await ask(request);
		const large = { report_data: JSON.stringify("# Report\n".repeat(10_000)) };
		for (const request of Object.values(throughEveryWayIn(large))) {
			await ask(request);
		}
	}
	await longestTurn(service);
}, 120_000);

async function ask({ path, body }: HeavyRequest) {
	const answer = await fetch(service.url + path, {
		method: "POST",
		headers: {
			"content-type": "application/json",
			accept: "application/json, text/event-stream",
		},
		body,
	});
	return { status: answer.status, text: await answer.text() };
}

const cases = Object.entries(heavyMembers).flatMap(([what, heavy]) =>
	Object.entries(throughEveryWayIn(heavy.members)).map(([way, request]) => {
		const isLegal =
			heavy.isLegal === true ||
			(heavy.isLegal === "unless MCP" && !way.endsWith("MCP"));
		return [what, way, request, isLegal] as const;
	}),
);

test.each(cases)(
	"%s through %s holds nobody up",
	async (_what, _way, request, isLegal) => {
		const { status, text } = await ask(request);
		const held = await longestTurn(service);
		expect(held).toBeLessThan(MOST);
		expect(status < 300 && !/"(isError|error)":/.test(text)).toBe(isLegal);
	},
);

test.each([
	["8 MiB of [],", `[${fill("[],", 7 * MIB)}0]`],
	["8 MiB of text", `"${fill("a", 7 * MIB)}"`],
	["8 MiB of blanks", fill(" ", 7 * MIB)],
	["8 MiB of no JSON", fill("[", 7 * MIB)],
	["8 MiB of messages", `[${fill("{},", 7 * MIB)}{}]`],
])(
	"%s in place of anything that is asked holds nobody up",
	async (_what, body) => {
		for (const path of [
			...[
				"/api/v1/reports",
				"/mcp",
				"/trpc/reports.submit",
				"/trpc/reports.list",
			],
			"/trpc/reports.submit,reports.check?batch=1",
		]) {
			const { status } = await ask({ path, body });
			expect([400, 413], path).toContain(status);
			const held = await longestTurn(service);
			expect(held, path).toBeLessThan(MOST);
		}
	},
);
