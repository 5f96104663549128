import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { findFreePort } from "../src/platform/postgres/embedded/find-free-port.ts";

/** A server that takes part, each in a process of its own. */
export interface Contestant {
	name: string;
	/** Which way its requests are put. */
	api: "rest" | "trpc";
	/** Whether it is the service itself, which also serves tRPC and MCP. */
	isOurs?: true;
	/** The command that runs it, or why this machine cannot. */
	command: () => string[] | { absent: string };
}

const root = new URL("..", import.meta.url).pathname;
const own = (file: string) => () => [
	process.execPath,
	join(root, "bench/contestants", file),
];

/** Everyone, the floor first. */
export const contestants: Contestant[] = [
	{ name: "floor: Fastify + pg", api: "rest", command: own("floor.ts") },
	{
		name: "ours",
		api: "rest",
		isOurs: true,
		command: () => [process.execPath, join(root, "src/main.ts")],
	},
	{
		name: "trpc-to-openapi's plugin",
		api: "rest",
		command: own("trpc-to-openapi.ts"),
	},
	{ name: "tRPC's adapter", api: "trpc", command: own("trpc-fastify.ts") },
	{ name: "Express 5 + zod", api: "rest", command: own("express.ts") },
	{ name: "NestJS 11 on Fastify", api: "rest", command: own("nest.ts") },
	{ name: "FastAPI + asyncpg", api: "rest", command: findFastApi },
	{ name: "Go net/http + pgx", api: "rest", command: buildGo },
];

/** A contestant that runs. */
export interface Running {
	contestant: Contestant;
	/** The process whose CPU time counts. */
	pid: number;
	url: string;
	/** Milliseconds from the start of the process to its first good answer. */
	startMs: number;
	stop(): Promise<void>;
}

/**
 * Starts a server and waits for its first good answer.
 *
 * @param path what is asked for, and must be answered with 200
 * @throws Error with what it wrote when it does not answer within 30 seconds
 */
export async function startServer(
	command: string[],
	path: string,
	environment: Record<string, string>,
): Promise<Omit<Running, "contestant">> {
	const port = await findFreePort();
	const [program = "", ...args] = command;
	const started = performance.now();
	const child = spawn(program, args, {
		cwd: root,
		env: {
			...process.env,
			// Requests are counted as ever, and none is refused.
			RATE_LIMIT: "1000000000",
			...environment,
			PORT: String(port),
		},
		// Its log is written, as in production, and read by nobody.
		stdio: ["ignore", "ignore", "pipe"],
	});
	let said = "";
	child.stderr?.on("data", (chunk) => {
		said = `${said}${chunk}`.slice(-2000);
	});
	const url = `http://127.0.0.1:${port}`;
	while (!(await answers(url + path))) {
		if (child.exitCode !== null || performance.now() - started > 30_000) {
			await stopProcess(child);
			throw new Error(`${command.join(" ")} does not answer.\n${said}`);
		}
		await wait(5);
	}
	return {
		pid: child.pid ?? 0,
		url,
		startMs: Math.round(performance.now() - started),
		stop: () => stopProcess(child),
	};
}

async function answers(url: string): Promise<boolean> {
	try {
		const answer = await fetch(url, { headers: { connection: "close" } });
		await answer.arrayBuffer();
		return answer.status === 200;
	} catch {
		return false;
	}
}

async function stopProcess(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const ended = new Promise((resolve) => child.once("exit", resolve));
	child.kill("SIGTERM");
	const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
	await ended;
	clearTimeout(timer);
}

function findFastApi(): string[] | { absent: string } {
	const script = join(root, "bench/contestants/fastapi_peer.py");
	for (const python of ["python3", "/usr/bin/python3"]) {
		try {
			execFileSync(python, ["-c", "import fastapi, uvicorn, asyncpg"], {
				stdio: "ignore",
			});
			return [python, script];
		} catch {}
	}
	return {
		absent: "needs python3-fastapi, python3-uvicorn and python3-asyncpg",
	};
}

/** Built from Debian's package of pgx, 5 or the 4 that Debian 12 has. */
function buildGo(): string[] | { absent: string } {
	const source = readFileSync(
		join(root, "bench/contestants/net_http_peer.go"),
		"utf8",
	);
	const folder = mkdtempSync(join(tmpdir(), "go-live-bench-"));
	process.once("exit", () => rmSync(folder, { recursive: true }));
	const versions = [
		source,
		source
			.replace("pgx/v5", "pgx/v4")
			.replace("pgxpool.New(", "pgxpool.Connect("),
	];
	for (const text of versions) {
		try {
			writeFileSync(join(folder, "main.go"), text);
			execFileSync("go", ["build", "-o", "contestant", "main.go"], {
				cwd: folder,
				stdio: "ignore",
				timeout: 120_000,
				env: {
					...process.env,
					GO111MODULE: "off",
					GOPATH: "/usr/share/gocode",
				},
			});
			return [join(folder, "contestant")];
		} catch {}
	}
	return { absent: "needs golang-go and golang-github-jackc-pgx-v5-dev" };
}
