import { execFileSync, spawn } from "node:child_process";
import {
	closeSync,
	constants,
	fchownSync,
	fstatSync,
	openSync,
	readFileSync,
	statSync,
	unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { surroundings } from "./binaries.ts";
import { clusterIn, isAlive } from "./cluster.ts";
import { findFreePort } from "./find-free-port.ts";
import type { DataFolder } from "./folder.ts";

/**
 * Starts a server on a free port of 127.0.0.1, in a session of its own.
 *
 * @returns its process id and port, `end()`: how it ended (exit code, signal or reason) or
 * undefined while it runs, and `said()`: the last lines it wrote
 */
export async function spawnServer(
	{ dataDir, account }: DataFolder,
	binaries: string,
	settings: Record<string, string>,
) {
	const logFile = join(dataDir, "postgres.log");
	const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
	// Does not follow links: root writes here, in somebody else's folder.
	const flags = O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY;
	const log = openSync(logFile, flags, 0o600);
	if (account) fchownSync(log, account.uid, account.gid);
	const { size } = fstatSync(log);
	const port = await findFreePort();
	const child = spawn(
		join(binaries, "postgres"),
		[
			...["-D", clusterIn(dataDir)],
			...Object.entries({ ...settings, port }).flatMap((pair) => [
				"-c",
				pair.join("="),
			]),
		],
		{
			...account,
			...surroundings,
			// Ctrl-C must not reach it before the service has drained.
			detached: true,
			stdio: ["ignore", log, log],
		},
	);
	closeSync(log);
	child.unref();
	let end: number | string | undefined;
	child.on("error", (error) => {
		end = error.message;
	});
	child.once("exit", (code, signal) => {
		end = code ?? signal ?? "ended";
	});
	return {
		pid: child.pid ?? 0,
		port,
		/** The exit code or signal or reason; undefined while it runs. */
		end: () => end,
		/** Called once when it has ended. */
		onEnd(hear: () => void) {
			if (end === undefined) child.once("exit", hear);
			else hear();
		},
		/** The last lines it wrote. */
		said: () =>
			readFileSync(logFile)
				.subarray(size)
				.toString()
				.trim()
				.split("\n")
				.slice(-5)
				.join("\n"),
	};
}

/**
 * Finds the server that currently runs on DATA_DIR, whoever started it.
 *
 * Removes a `postmaster.pid` that names no such server, since PostgreSQL would refuse to start:
 * process ids are reused, in containers within seconds.
 */
export function findServer(
	dataDir: string,
): { pid: number; port: number } | undefined {
	const file = join(clusterIn(dataDir), "postmaster.pid");
	const seen = readLockFile(file);
	if (seen === undefined) return undefined;
	const [pid, , , port] = seen.split("\n").map(Number);
	if (pid && port && isServer(dataDir, pid)) return { pid, port };
	const isInTheWay = pid
		? isAlive(pid)
		: Date.now() - statSync(file).mtimeMs > 5_000;
	// Read again: a concurrent start may just have replaced it.
	if (isInTheWay && readLockFile(file) === seen) unlinkSync(file);
	return undefined;
}

/** Stops a server of DATA_DIR and waits until it has ended: politely, then by force. */
export async function stopServer(dataDir: string, pid: number): Promise<void> {
	for (const [signal, patience] of [
		["SIGINT", 8_000],
		["SIGQUIT", 6_000],
	] as const) {
		const until = Date.now() + patience;
		sendSignal(dataDir, pid, signal);
		while (Date.now() < until) {
			if (!isServer(dataDir, pid)) return;
			await wait(20);
		}
	}
	throw new Error(
		`PostgreSQL (process ${pid}) on DATA_DIR ${dataDir} does not stop. Stop that process.`,
	);
}

function readLockFile(file: string) {
	try {
		return readFileSync(file, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
}

// Only a server has our folder among its arguments; an ended process has none.
function isServer(dataDir: string, pid: number) {
	try {
		if (process.platform === "linux")
			return readFileSync(`/proc/${pid}/cmdline`, "utf8")
				.split("\0")
				.includes(clusterIn(dataDir));
		return execFileSync("ps", ["-ww", "-o", "args=", "-p", String(pid)], {
			encoding: "utf8",
		}).includes(`-D ${clusterIn(dataDir)} `);
	} catch {
		return false;
	}
}

function sendSignal(dataDir: string, pid: number, signal: NodeJS.Signals) {
	try {
		if (isServer(dataDir, pid)) process.kill(pid, signal);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
	}
}
