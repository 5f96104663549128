import { hash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
	type Database,
	openDatabase,
} from "../../src/platform/postgres/database.ts";
import { seedAuditLog } from "../support/audit-log.ts";
import { makeDatabase } from "../support/helpers.ts";
import { runCommand, startProcess } from "../support/service-process.ts";

const ROWS = 2300;
let url: string;
let db: Database;

beforeAll(async () => {
	url = await makeDatabase(afterAll);
	db = openDatabase(url, { poolSize: 2 });
	afterAll(() => db.destroy());
	await seedAuditLog(db, ROWS);
});

const audit = (args: string[], databaseUrl = url) =>
	runCommand(["audit", ...args], { DATABASE_URL: databaseUrl });

interface Line extends Record<string, unknown> {
	seq: number;
	time: string;
	previous_hash: string;
	hash: string;
}

/** What an auditor does with a line, by the README alone. */
function proves(line: string, previous: Line | undefined): Line {
	const row = JSON.parse(line) as Line;
	const canonical = (value: unknown): string =>
		typeof value === "object" && value
			? `{${Object.entries(value)
					.sort(([one], [other]) => (one < other ? -1 : 1))
					.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`)
					.join(",")}}`
			: JSON.stringify(value);
	const { hash: stated, ...content } = row;
	expect(hash("sha256", canonical(content))).toBe(stated);
	expect(row.seq).toBe(previous ? previous.seq + 1 : row.seq);
	expect(row.previous_hash).toBe(previous?.hash ?? row.previous_hash);
	return row;
}

test("an export holds no address that can still be erased, and its hashes stand for them", async () => {
	const { stdout } = await audit(["export"]);
	const rows = stdout
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
	const known = rows.filter(({ address_hash }) => address_hash !== undefined);
	expect(known.length).toBeGreaterThan(ROWS / 2);
	expect(stdout).not.toContain("192.0.2.");
	expect(rows.filter(({ address }) => address !== undefined)).toEqual([]);
});

test("verify says that the log is whole, and what to note", async () => {
	const { code, stdout } = await audit(["verify"]);
	expect(code).toBe(0);
	const { rows } = await sql<{
		hash: string;
	}>`select hash from audit_head`.execute(db);
	expect(stdout).toBe(
		`The audit log is intact: ${ROWS} rows, all unchanged.\nTo prove later that nothing up to here was rewritten, note: --seq ${ROWS} --head ${rows[0]?.hash}\n`,
	);
});

test("verify ends with 1 and names the first break, or what a note no longer fits", async () => {
	const own = await makeDatabase();
	const ownDb = openDatabase(own, { poolSize: 1 });
	onTestFinished(() => ownDb.destroy());
	await seedAuditLog(ownDb, 20);
	const note = ["--seq", "20", "--head", "a".repeat(64)];
	expect(await audit(["verify", ...note], own)).toMatchObject({
		code: 1,
		stdout: "",
		stderr: expect.stringMatching(
			/THE AUDIT LOG IS BROKEN AT ROW 20: its hash is [0-9a-f]{64}, not the one you noted/,
		),
	});
	await ownDb.connection().execute(async (one) => {
		await sql`set session_replication_role = replica`.execute(one);
		await sql`update audit_log set actor = 'x' where seq in (7, 9)`.execute(
			one,
		);
	});
	expect(await audit(["verify"], own)).toMatchObject({
		code: 1,
		stdout: "",
		stderr: expect.stringContaining(
			"THE AUDIT LOG IS BROKEN AT ROW 7: its content was changed: it does not have the recorded hash.\nUp to row 6 the chain is unbroken.\n",
		),
	});
});

test("verify and export say what is wrong with their options", async () => {
	const wrong: [args: string[], words: RegExp, code: number][] = [
		[["verify", "--seq", "3"], /--seq requires --head/, 1],
		[["verify", "--head", "abc"], /--head must be a hash/, 1],
		[["export", "--since", "yesterday"], /--since: Must be a date and time/, 1],
		[
			["verify", "--since", "2025-10-20T10:00:00Z"],
			/does not accept --since/,
			1,
		],
		[["export", "--head", "a"], /does not accept --head/, 1],
		[["erase"], /^Use audit verify or audit export\.\n\nUsage/, 2],
		[[], /^Use audit verify or audit export\.\n\nUsage/, 2],
		[["verify", "--days", "3"], /^audit does not accept --days\.\n\nUsage/, 2],
		[["verify", "now"], /^audit verify now: wrong number of arguments/, 2],
	];
	for (const [args, words, code] of wrong) {
		const ending = await audit(args);
		expect(ending.stderr, args.join(" ")).toMatch(words);
		expect(ending).toMatchObject({ code, stdout: "" });
	}
});

test("an export alone proves every row, with or without limits of time", async () => {
	const { code, stdout } = await audit(["export"]);
	expect(code).toBe(0);
	const lines = stdout.split("\n").slice(0, -1);
	expect(lines).toHaveLength(ROWS);
	let previous: Line | undefined;
	const rows: Line[] = [];
	for (const line of lines) {
		previous = proves(line, previous);
		rows.push(previous);
	}
	expect(rows[0]).toMatchObject({ seq: 1, previous_hash: "0".repeat(64) });
	const [since = "", until = ""] = [rows[700]?.time, rows[1800]?.time];
	const part = await audit(["export", "--since", since, "--until", until]);
	expect(part.stdout).toBe(`${lines.slice(700, 1800).join("\n")}\n`);
});

test("the README's few lines prove an export, and find a changed one", async () => {
	const readme = await readFile(
		new URL("../../README.md", import.meta.url),
		"utf8",
	);
	const [, program = ""] =
		/```js\n(\/\/ node prove.mjs[\s\S]+?)```/.exec(readme) ?? [];
	const folder = await mkdtemp(join(tmpdir(), "go-live-audit-"));
	onTestFinished(() => rm(folder, { recursive: true }));
	const file = join(folder, "prove.mjs");
	await writeFile(file, program);
	const { stdout } = await audit(["export"]);
	const prove = () =>
		startProcess([], {}, "", [
			"/bin/sh",
			"-c",
			`"${process.execPath}" ${file} < ${join(folder, "audit.ndjson")}`,
		]).ended();
	await writeFile(join(folder, "audit.ndjson"), stdout);
	const proven = await prove();
	expect(proven.stdout).toContain(`seq: ${ROWS}`);
	expect(proven.code).toBe(0);
	await writeFile(
		join(folder, "audit.ndjson"),
		stdout.replace("person-55@example.com", "person-56@example.com"),
	);
	const found = await prove();
	expect(found.code).not.toBe(0);
	expect(found.stderr).toMatch(/row 55 is not as it was recorded/);
});

test("an export that nobody reads to its end stops, and says nothing", async () => {
	const command = `"${process.execPath}" src/main.ts audit export | head -n 2`;
	const ended = await startProcess([], { DATABASE_URL: url }, "", [
		"/bin/sh",
		"-c",
		command,
	]).ended();
	expect(ended.stdout.split("\n")).toHaveLength(3);
	expect(ended.stderr).not.toMatch(/error|could not/i);
});

test("many rows are verified and exported in little memory", async () => {
	const own = await makeDatabase();
	const ownDb = openDatabase(own, { poolSize: 1, isPatient: true });
	onTestFinished(() => ownDb.destroy());
	const many = 25_000;
	await seedAuditLog(ownDb, many);
	const main = new URL("../../src/main.ts", import.meta.url).pathname;
	const small = (...args: string[]) =>
		startProcess(args, { DATABASE_URL: own }, main, [
			process.execPath,
			// Less than the program and all the rows would take together.
			"--max-old-space-size=36",
			main,
		]);
	const verified = await small("audit", "verify").ended();
	expect(verified.stderr).not.toMatch(/heap/);
	expect(verified.stdout).toContain(`The audit log is intact: ${many} rows`);
	const exporting = small("audit", "export");
	let previous: Line | undefined;
	let rest = "";
	let count = 0;
	exporting.child.stdout?.on("data", (text: string) => {
		const lines = (rest + text).split("\n");
		rest = lines.pop() ?? "";
		for (const line of lines) {
			previous = proves(line, previous);
			count++;
		}
	});
	const { code } = await exporting.ended();
	expect(code).toBe(0);
	expect(count).toBe(many);
}, 180_000);
