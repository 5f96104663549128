import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fillTemplate } from "../support/fill-template.ts";
import { startService, submit, type TestService } from "../support/helpers.ts";
import { holdOf } from "../support/watch-loop.ts";

/** Milliseconds for which nothing that a caller sends may hold the event loop. */
const HOLD = 50;
const KIB = 1024;
const MIB = 1024 * KIB;

let service: TestService;
let base: string;

beforeAll(async () => {
	service = await startService(afterAll);
	base = await service.listen();
	// So that no measurement pays for what is loaded and compiled at first use.
	await check(fillTemplate());
});

/** Loads a page, and throws it away piece by piece. */
async function load(url: string): Promise<void> {
	const answer = await new Promise<IncomingMessage>((resolve, reject) => {
		get(url, resolve).on("error", reject);
	});
	await once(answer.resume(), "end");
}

function fill(piece: string, size: number): string {
	return piece.repeat(Math.ceil(size / piece.length)).slice(0, size);
}

/** As it was used against a running service. */
const brackets = `${"[".repeat(199)}${"*a ".repeat(5300)}\n\n`;
const attack = brackets.repeat(5).slice(0, 65_535);

const hostile: Record<string, string> = {
	"brackets and emphases": brackets,
	"unclosed links": "[a](",
	"mixed emphases": "*_~~a ",
	"nested quotes": `${"> ".repeat(90)}a\n`,
	"lists on one line": `${"- ".repeat(90)}a\n`,
	tags: "<a b='",
	"hidden characters": "a\u200B",
	"table rows": "|a|b|\n|-|-|\n||||||||||||\n",
};

function check(report_data: string) {
	return checkAt(service, report_data, "192.0.2.1");
}

function checkAt(
	service: TestService,
	report_data: string,
	remoteAddress: string,
) {
	return service.ask({
		method: "POST",
		url: "/api/v1/reports/check",
		remoteAddress,
		payload: { report_data },
	});
}

test("twelve hostile drafts in one tRPC batch do not hold the event loop", async () => {
	const names = Array(12).fill("reports.check").join();
	const payload = Object.fromEntries(
		Array.from({ length: 12 }, (_, index) => [index, { report_data: attack }]),
	);
	const held = await holdOf(async () => {
		const { body } = await service.ask({
			method: "POST",
			url: `/trpc/${names}?batch=1`,
			payload,
		});
		expect(body).toHaveLength(12);
		for (const { result, error } of body) {
			// Slow machines have had enough of them after a while.
			if (!result) expect([422, 503]).toContain(error.data.httpStatus);
		}
	});
	expect(held).toBeLessThan(HOLD);
}, 300_000);

test("twelve hostile drafts in one MCP batch do not hold the event loop", async () => {
	const payload = Array.from({ length: 12 }, (_, id) => ({
		jsonrpc: "2.0",
		id,
		method: "tools/call",
		params: { name: "check_report", arguments: { report_markdown: attack } },
	}));
	const held = await holdOf(async () => {
		const { status } = await service.ask({
			method: "POST",
			url: "/mcp",
			headers: { accept: "application/json, text/event-stream" },
			payload,
		});
		expect(status).toBeLessThan(500);
	});
	expect(held).toBeLessThan(HOLD);
}, 300_000);

test("an honest draft is not kept waiting by what somebody else sends", async () => {
	const honest = fillTemplate().padEnd(
		75 * KIB,
		"\nWe keep no copy of anything.",
	);
	const fresh = await startService();
	const check = (report_data: string, remoteAddress = "192.0.2.1") =>
		checkAt(fresh, report_data, remoteAddress);
	// What it takes where nothing else runs, with the start of a worker as below.
	const begun = performance.now();
	expect((await check(honest, "192.0.2.2")).status).toBe(200);
	const alone = performance.now() - begun;

	const answered: string[] = [];
	const attacks = [1, 2, 3, 4].map(async () => {
		const { status, headers } = await check(fill(brackets, MIB));
		answered.push("attack");
		expect([422, 503]).toContain(status);
		expect(headers["retry-after"]).toBe(status === 503 ? "5" : undefined);
	});
	const asked = performance.now();
	const { status } = await check(honest, "192.0.2.2");
	const waited = performance.now() - asked;
	answered.push("honest");
	expect(status).toBe(200);
	// A machine that is busy with other things is so in both cases.
	expect(waited).toBeLessThan(Math.max(3_000, 6 * alone));
	await Promise.all(attacks);
	// Two of the four run at once: the others have not even begun.
	expect(answered.indexOf("honest")).toBeLessThanOrEqual(2);
}, 120_000);

test.each(Object.keys(hostile))(
	"%s hold nobody up, in a draft of 64 KiB and of 1 MiB",
	async (name) => {
		for (const size of [64 * KIB, MIB]) {
			const text = fill(hostile[name] ?? "", size);
			// Three bytes in UTF-8 are one character here.
			const draft = text.slice(0, (size * size) / Buffer.byteLength(text));
			const held = await holdOf(async () => {
				expect([200, 422, 503]).toContain((await check(draft)).status);
			});
			expect(held, `${size} characters`).toBeLessThan(HOLD);
		}
	},
	300_000,
);

test.each([
	["hidden characters", "a\u200B"],
	["lines", "\n"],
	["signs that are escaped", "<"],
])(
	"the raw text of a report of 1 MiB of %s is shown without holding anybody up",
	async (_name, piece) => {
		const size = Math.floor(MIB / Buffer.byteLength(piece)) * piece.length;
		const { id } = await submit(service, {
			report_data: `# Report\n${fill(piece, size - 10)}`,
		});
		const url = `/reports/${id}?view=raw`;
		const { status, body } = await service.ask({ url });
		expect(status).toBe(200);
		expect(body).toContain('id="line-1"');
		// Whoever reads it does so elsewhere: here, nobody looks at it.
		const held = await holdOf(() => load(`${base}${url}`));
		expect(held).toBeLessThan(HOLD);
	},
	300_000,
);
