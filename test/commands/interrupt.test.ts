import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { newReport } from "../support/helpers.ts";
import { startProcess } from "../support/service-process.ts";

const DATA_DIR = mkdtempSync(join(tmpdir(), "go-live-interrupt-"));
const lockFile = join(DATA_DIR, "postgres", "data", "postmaster.pid");
afterAll(() => rm(DATA_DIR, { recursive: true }));

/** The folder with one report in it. */
beforeAll(async () => {
	const { report_data, ...report } = newReport();
	const { child, ended } = startProcess(
		["mcp"],
		{ DATA_DIR },
		undefined,
		undefined,
		afterAll,
		"pipe",
	);
	const params = {
		name: "submit_report",
		arguments: { ...report, report_markdown: report_data },
	};
	child.stdin?.end(
		JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
	);
	expect((await ended()).stdout).toContain("submitted successfully");
}, 60_000);

async function isThere(file: string) {
	while (!existsSync(file)) await wait(5);
}

/** Connects to the private PostgreSQL of the running command, once it answers. */
async function connectBeside() {
	for (;;) {
		try {
			const password = await readFile(
				join(DATA_DIR, "postgres", "password"),
				"utf8",
			);
			const [, , , port] = (await readFile(lockFile, "utf8")).split("\n");
			const client = new pg.Client({
				connectionString: `postgresql://go_live:${password}@127.0.0.1:${port}/go_live`,
			});
			client.on("error", () => {});
			await client.connect();
			return client;
		} catch {
			await wait(20);
		}
	}
}

test.each([
	["SIGINT", 130],
	["SIGTERM", 143],
	["SIGHUP", 129],
] as const)(
	"%s while a command starts stops the private database, and ends with %i",
	async (signal, code) => {
		const { child, ended } = startProcess(["assess", "--all"], { DATA_DIR });
		await isThere(lockFile);
		child.kill(signal);
		expect(await ended()).toMatchObject({ code, stderr: "" });
		expect(existsSync(lockFile)).toBe(false);
	},
);

test("a signal while a command runs a query stops the private database", async () => {
	const { child, ended } = startProcess(["rekey"], { DATA_DIR });
	const client = await connectBeside();
	await client.query("begin; lock table mcp_server_reports");
	for (;;) {
		const { rows } = await client.query(
			"select from pg_locks where not granted",
		);
		if (rows.length > 0) break;
		await wait(20);
	}
	child.kill("SIGTERM");
	expect(await ended()).toMatchObject({ code: 143, stdout: "", stderr: "" });
	expect(existsSync(lockFile)).toBe(false);
});

test.runIf(existsSync("/dev/full")).each([
	["a command with a database", ["audit", "verify"]],
	["one that streams", ["audit", "export"]],
	["one without", ["openapi"]],
])(
	"when standard output cannot be written, %s says so, closes everything and ends with 1",
	async (_, args) => {
		const child = spawn(process.execPath, ["src/main.ts", ...args], {
			env: { PATH: process.env.PATH, DATA_DIR },
			stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
		});
		onTestFinished(() => void child.kill("SIGKILL"));
		let stderr = "";
		child.stderr?.setEncoding("utf8").on("data", (text) => {
			stderr += text;
		});
		const [code] = await once(child, "close");
		expect(stderr).toBe(
			"Standard output cannot be written: ENOSPC: no space left on device, write. What was written is not complete.\n",
		);
		expect(code).toBe(1);
		expect(existsSync(lockFile)).toBe(false);
	},
);
