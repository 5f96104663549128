import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { makeDatabase, newReport } from "../../support/helpers.ts";
import { startProcess } from "../../support/service-process.ts";

const initialize = {
	jsonrpc: "2.0",
	id: "first",
	method: "initialize",
	params: {
		protocolVersion: "2025-11-25",
		capabilities: {},
		clientInfo: { name: "test", version: "1.0.0" },
	},
};

const ping = (id: unknown) => ({ jsonrpc: "2.0", id, method: "ping" });

const call = (id: unknown, name: string, input: object) => ({
	jsonrpc: "2.0",
	id,
	method: "tools/call",
	params: { name, arguments: input },
});

const submission = (changes: object = {}) => {
	const { report_data, ...report } = newReport();
	return { ...report, report_markdown: report_data, ...changes };
};

/** Starts the server on stdio, on a database of its own, past its first message. */
async function startStdio() {
	const DATABASE_URL = await makeDatabase();
	const started = startProcess(
		["mcp"],
		{ DATABASE_URL },
		undefined,
		undefined,
		undefined,
		"pipe",
	);
	const { stdin, stdout } = started.child as {
		stdin: Writable;
		stdout: Readable;
	};
	stdin.on("error", () => {});
	const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
	const send = (message: unknown) => {
		stdin.write(
			typeof message === "string" ? message : `${JSON.stringify(message)}\n`,
		);
	};
	const answer = async () => JSON.parse((await lines.next()).value ?? "null");
	send(initialize);
	expect(await answer()).toMatchObject({ id: "first" });
	return { ...started, stdin, stdout, send, answer, DATABASE_URL };
}

async function countReports(connectionString: string) {
	const client = new pg.Client({ connectionString });
	await client.connect();
	onTestFinished(() => client.end());
	const { rows } = await client.query(
		"select count(*)::int from mcp_server_reports",
	);
	return rows[0].count;
}

test("what was received before standard input ends is done and answered, even without a last line feed", async () => {
	const { send, stdin, answer, ended, DATABASE_URL } = await startStdio();
	send(call(1, "submit_report", submission()));
	send(JSON.stringify(call(2, "list_servers", {})));
	stdin.end();
	const answers = [await answer(), await answer()];
	expect(answers.map(({ id }) => id).sort()).toEqual([1, 2]);
	expect(JSON.stringify(answers)).toContain("Report submitted successfully");
	expect(await ended()).toMatchObject({ code: 0 });
	expect(await countReports(DATABASE_URL)).toBe(1);
});

test("SIGTERM, too, ends the process only after the answers", async () => {
	const { child, send, answer, ended, DATABASE_URL } = await startStdio();
	const large = submission({ report_markdown: `# R\n${"word ".repeat(2e5)}` });
	send(call(1, "submit_report", large));
	send(ping(2));
	// The large call has been received by now.
	const first = await answer();
	child.kill("SIGTERM");
	const second = await answer();
	expect([first.id, second.id].sort()).toEqual([1, 2]);
	expect(await ended()).toMatchObject({ code: 0 });
	expect(await countReports(DATABASE_URL)).toBe(1);
});

test("a call that was cancelled does not hold up the end", async () => {
	const { send, stdin, ended } = await startStdio();
	send(call(1, "list_servers", {}));
	send({
		jsonrpc: "2.0",
		method: "notifications/cancelled",
		params: { requestId: 1 },
	});
	stdin.end();
	const { code, milliseconds } = await ended();
	expect(code).toBe(0);
	expect(milliseconds).toBeLessThan(5_000);
});

const repeated = (text: string, count: number) =>
	Array.from({ length: count }, (_, index) =>
		text.replaceAll("#", String(index)),
	).join(",");

const tooMany = /more than 100000 values and names/;

const refused: [
	what: string,
	line: string,
	error: { id: unknown; code: number; message: RegExp },
][] = [
	[
		"over 8 MiB",
		`${JSON.stringify(ping(1))}${" ".repeat(12e6)}`,
		{ id: null, code: -32600, message: /at most 8 MiB/ },
	],
	[
		"with too many values",
		`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":[${repeated("[]", 2e6)}]}}`,
		{ id: 1, code: -32600, message: tooMany },
	],
	[
		"with too many names",
		`{"params":{${repeated('"k#":0', 5e5)}},"jsonrpc":"2.0","method":"ping","id":"a\\"b"}`,
		{ id: 'a"b', code: -32600, message: tooMany },
	],
	[
		"too deep",
		`{"jsonrpc":"2.0","id":1,"method":"ping","params":${"[".repeat(200)}${"]".repeat(200)}}`,
		{ id: 1, code: -32700, message: /deeper than 128 levels/ },
	],
	[
		"with too many unknown arguments",
		JSON.stringify(
			call(
				1,
				"list_servers",
				Object.fromEntries(
					Array.from({ length: 40_000 }, (_, index) => [`k${index}`, 0]),
				),
			),
		),
		{ id: 1, code: -32600, message: /at most 64 KiB/ },
	],
	[
		"that is not JSON",
		'{"jsonrpc":"2.0","id":1,"method":"ping"',
		{ id: null, code: -32700, message: /not valid JSON/ },
	],
	[
		"without a method",
		'{"jsonrpc":"2.0","id":1}',
		{ id: 1, code: -32600, message: /not a message of JSON-RPC 2.0/ },
	],
	[
		"with another version of JSON-RPC",
		'{"jsonrpc":"1.0","id":1,"method":"ping"}',
		{ id: 1, code: -32600, message: /not a message of JSON-RPC 2.0/ },
	],
	[
		"that is no object",
		"7",
		{ id: null, code: -32600, message: /not a message of JSON-RPC 2.0/ },
	],
	[
		"with a reserved name",
		'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{"id":2}}}',
		{ id: 1, code: -32600, message: /a key that JavaScript reserves/ },
	],
	[
		"that is a batch",
		JSON.stringify([ping(1), ping(2)]),
		{ id: null, code: -32600, message: /Batches are not accepted/ },
	],
];

test("what is refused is answered with an error, and the next message as usual", async () => {
	const { send, answer } = await startStdio();
	for (const [what, line, { id, code, message }] of refused) {
		send(`${line}\n`);
		expect(await answer(), what).toEqual({
			jsonrpc: "2.0",
			id,
			error: { code, message: expect.stringMatching(message) },
		});
		send(ping("next"));
		expect(await answer(), what).toMatchObject({ id: "next", result: {} });
	}
});

test("bytes that are not UTF-8 are answered with an error", async () => {
	const { stdin, answer } = await startStdio();
	stdin.write(
		Buffer.from('{"jsonrpc":"2.0","id":1,"method":"\xff"}\n', "latin1"),
	);
	expect(await answer()).toMatchObject({ error: { code: -32700 } });
});

test("a byte order mark may stand before any message, and lines may be empty or end as on Windows", async () => {
	const { send, answer } = await startStdio();
	send(`\n\r\n\uFEFF${JSON.stringify(ping(1))}\r\n`);
	expect(await answer()).toMatchObject({ id: 1, result: {} });
});

test("a report of 1 MiB with structured data of 1 MiB is stored, however it arrives", async () => {
	const { send, answer, stdin, DATABASE_URL } = await startStdio();
	const report_json = { text: "y".repeat(1e6) };
	const report_markdown = `# R\n${"word ".repeat(2e5)}`;
	const line = JSON.stringify(
		call(1, "submit_report", submission({ report_markdown, report_json })),
	);
	for (let at = 0; at < line.length; at += 300_000) {
		stdin.write(line.slice(at, at + 300_000));
	}
	send("\n");
	expect(JSON.stringify(await answer())).toContain("submitted successfully");
	expect(await countReports(DATABASE_URL)).toBe(1);
});

test("the process ends when nobody reads its answers any more, although standard input stays open", async () => {
	const { send, stdout, child } = await startStdio();
	const ended = once(child, "exit");
	stdout.destroy();
	await once(stdout, "close");
	const start = performance.now();
	send(ping(1));
	expect(await ended).toEqual([0, null]);
	expect(performance.now() - start).toBeLessThan(5_000);
});
