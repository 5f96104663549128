import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
	cp,
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	symlink,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { makeDatabase } from "../support/helpers.ts";
import { document } from "../support/openapi-document.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
/** What a shell has whose `node` is the one that runs the tests. */
const environment = {
	...process.env,
	PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
};

let folder: string;
let packed: string[];

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "go-live-package-"));
	afterAll(() => rm(folder, { recursive: true }));
	const { stdout } = await npm(
		root,
		"pack",
		"--json",
		`--pack-destination=${folder}`,
	);
	const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf("[\n")));
	packed = files.map(({ path }: { path: string }) => path);
	await cp(join(root, "test/fixtures/package-user"), folder, {
		recursive: true,
	});
	await writeProject(filename);
	// Without the binaries of PostgreSQL: whoever installs a client does not need them.
	await npm(
		folder,
		...["ci", "--prefer-offline", "--ignore-scripts", "--omit=optional"],
		...["--no-audit", "--no-fund"],
	);
}, 180_000);

test("the package holds what runs and what is read, and nothing else", () => {
	for (const file of [
		...["README.md", "LICENSE", "package.json", "openapi.json"],
		...[
			"dist/main.js",
			"dist/facades/trpc/client.js",
			"dist/facades/trpc/client.d.ts",
		],
		...["db/migrations/0001_reports.sql", "assets/desk.css"],
	]) {
		expect(packed).toContain(file);
	}
	const others = packed.filter(
		(file) =>
			!/^(dist\/.+\.(js|d\.ts|css)|assets\/[\w.-]+\.(css|js|svg|md)|db\/migrations\/.+\.sql|[^/]+)$/.test(
				file,
			),
	);
	expect(others).toEqual([]);
});

test("packing leaves nothing behind in the repository", async () => {
	const left = (await readdir(root)).filter(
		(name) => name === "dist" || name.endsWith(".tgz"),
	);
	expect(left).toEqual([]);
});

test.each([
	["the service's own TypeScript", "node_modules/typescript/bin/tsc"],
	["TypeScript 5", "test/tools/node_modules/typescript/bin/tsc"],
])(
	"a strict program compiles against the package with %s, and finds no any",
	async (_which, compiler) => {
		const types = join(folder, "node_modules/@types");
		await mkdir(types, { recursive: true });
		await symlink(
			join(root, "node_modules/@types/node"),
			join(types, "node"),
		).catch(() => "the package brought its own");
		const { stdout } = await run(
			process.execPath,
			[join(root, compiler), "-p", folder],
			{ cwd: folder },
		).catch((error: { stdout: string }) => error);
		expect(stdout).toBe("");
	},
);

test("the installed command says how it is used", async () => {
	const { stdout } = await npx("--help");
	expect(stdout).toContain("Usage: mcp-go-live [command]");
});

test("the installed command prints the document that was packed with it", async () => {
	const { stdout } = await npx("openapi");
	expect(JSON.parse(stdout)).toEqual(document);
	const file = join(folder, "node_modules/mcp-go-live/openapi.json");
	expect(JSON.parse(await readFile(file, "utf8"))).toEqual(document);
});

test("the installed package serves, and its client submits, lists, reads and decides", async () => {
	const url = await serve(
		await makeDatabase(onTestFinished, { isMigrated: false }),
	);
	const { stdout } = await run(process.execPath, ["use.ts"], {
		cwd: folder,
		env: { ...environment, SERVICE_URL: url },
	});
	expect(JSON.parse(stdout)).toEqual({
		isSame: true,
		status: "approved",
		decisions: [["approved", "platform@example.com"]],
		refusal: {
			code: "BAD_REQUEST",
			status: 400,
			paths: ["server_name", "developer_email"],
		},
	});
});

/**
 * A project whose one dependency is the package, locked to the versions that
 * this repository has locked: they are in npm's cache since its own `npm ci`,
 * and the test does not depend on what was published this morning.
 */
async function writeProject(filename: string): Promise<void> {
	const readJson = async (file: string) =>
		JSON.parse(await readFile(join(root, file), "utf8"));
	const { version, dependencies, bin } = await readJson("package.json");
	const lock = await readJson("package-lock.json");
	const locked = Object.entries<{ dev?: true; link?: true }>(
		lock.packages,
	).filter(
		([path, { dev, link }]) =>
			path.startsWith("node_modules/") && !dev && !link,
	);
	const project = {
		name: "package-user",
		private: true,
		type: "module",
		dependencies: { "mcp-go-live": `file:${filename}` },
	};
	const packages = {
		"": project,
		"node_modules/mcp-go-live": {
			version,
			resolved: `file:${filename}`,
			dependencies,
			bin,
		},
		...Object.fromEntries(locked),
	};
	await writeFile(join(folder, "package.json"), JSON.stringify(project));
	await writeFile(
		join(folder, "package-lock.json"),
		JSON.stringify({ lockfileVersion: 3, requires: true, packages }),
	);
}

/** Starts the installed service on a free port; it ends with the test. */
async function serve(databaseUrl: string): Promise<string> {
	const child = spawn("node_modules/.bin/mcp-go-live", ["serve"], {
		cwd: folder,
		env: { ...environment, PORT: "0", DATABASE_URL: databaseUrl },
		stdio: ["ignore", "pipe", "inherit"],
	});
	const ended = once(child, "close");
	onTestFinished(async () => {
		child.kill("SIGTERM");
		await ended;
	});
	let said = "";
	for await (const text of child.stdout.setEncoding("utf8")) {
		said += text;
		const url = /listens on (http:\/\/[^ ]+:\d+) /.exec(said)?.[1];
		if (url) {
			child.stdout.resume();
			return url;
		}
	}
	throw new Error(`it never listened: ${said}`);
}

function npx(...parameters: string[]) {
	return run("npx", ["--no-install", "mcp-go-live", ...parameters], {
		cwd: folder,
		env: environment,
		maxBuffer: 8 * 1024 * 1024,
	});
}

function npm(cwd: string, ...parameters: string[]) {
	return run("npm", parameters, {
		cwd,
		env: environment,
		maxBuffer: 8 * 1024 * 1024,
	});
}
