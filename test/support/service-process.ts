import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";

/** `node src/main.ts` in its own process. */
export interface ServiceProcess {
	child: ChildProcess;
	/** `http://127.0.0.1:port`, once it listens. */
	url: string;
	/** Returns everything written to standard output and standard error. */
	output(): string;
	/** Returns what was written to standard output, line by line, as JSON. */
	logs(): Record<string, unknown>[];
	/** Returns how it ended, and in how many milliseconds from now. */
	ended(): Promise<Ending>;
}

export interface Ending {
	code: number | null;
	stdout: string;
	stderr: string;
	milliseconds: number;
}

/** Registers a clean-up to run at the end; `onTestFinished` or `afterAll`. */
type AtEnd = (cleanUp: () => Promise<void>) => void;

const main = new URL("../../src/main.ts", import.meta.url).pathname;

/** Runs a command of the service to its end, with only these settings in the environment. */
export function runCommand(
	args: string[],
	settings: Record<string, string> = {},
): Promise<Ending> {
	return startProcess(args, settings).ended();
}

/**
 * Starts the service on a free port and waits until it listens; it is killed
 * when the test ends, if it is still running.
 */
export async function startServiceProcess(
	settings: Record<string, string>,
	program = main,
	command?: readonly string[],
	atEnd: AtEnd = onTestFinished,
): Promise<ServiceProcess> {
	const process = startProcess(
		[],
		// Tests send more than people do; those about the limits set one.
		{ PORT: "0", RATE_LIMIT: "0", ...settings },
		program,
		command,
		atEnd,
	);
	const ended = process.ended();
	for (;;) {
		const port = /listens on http:\/\/[^ ]+:(\d+) /.exec(process.output())?.[1];
		if (port) {
			process.url = `http://127.0.0.1:${port}`;
			return process;
		}
		const said = once(process.child.stdout as NodeJS.ReadableStream, "data");
		const end = await Promise.race([ended, said]);
		if ("code" in end) throw new Error(process.output());
	}
}

/** Starts a command without waiting for anything; it is killed when the test ends. */
export function startProcess(
	args: string[],
	settings: Record<string, string>,
	program = main,
	command: readonly string[] = [process.execPath, program],
	atEnd: AtEnd = onTestFinished,
	stdin: "ignore" | "pipe" = "ignore",
): ServiceProcess {
	const [file = "", ...before] = command;
	const child = spawn(file, [...before, ...args], {
		env: { PATH: process.env.PATH, ...settings },
		stdio: [stdin, "pipe", "pipe"],
	});
	let stdout = "";
	let stderr = "";
	child.stdout?.setEncoding("utf8").on("data", (text) => {
		stdout += text;
	});
	child.stderr?.setEncoding("utf8").on("data", (text) => {
		stderr += text;
	});
	const closed = once(child, "close");
	atEnd(async () => {
		child.kill("SIGKILL");
		await closed;
	});
	return {
		child,
		url: "",
		output: () => stdout + stderr,
		logs: () =>
			stdout
				.split("\n")
				.filter((line) => line !== "")
				.map((line) => JSON.parse(line)),
		async ended() {
			const start = performance.now();
			await closed;
			const milliseconds = performance.now() - start;
			return { code: child.exitCode, stdout, stderr, milliseconds };
		},
	};
}

/** Sends JSON over a real socket. */
export async function send(
	service: { url: string },
	method: string,
	path: string,
	body?: unknown,
	headers: Record<string, string> = {},
) {
	const answer = await fetch(`${service.url}${path}`, {
		method,
		headers: {
			...(body !== undefined && { "content-type": "application/json" }),
			...headers,
		},
		...(body !== undefined && {
			body: typeof body === "string" ? body : JSON.stringify(body),
		}),
	});
	const text = await answer.text();
	const isJson = /json/.test(answer.headers.get("content-type") ?? "");
	return {
		status: answer.status,
		headers: answer.headers,
		body: isJson ? JSON.parse(text) : text,
	};
}
