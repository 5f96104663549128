import { spawn } from "node:child_process";
import {
	closeSync,
	constants,
	fstatSync,
	openSync,
	readFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type pg from "pg";
import { findBinaries } from "./embedded/binaries.ts";
import {
	clusterIn,
	createCluster,
	type DataFolder,
	prepareFolder,
	surroundings,
} from "./embedded/folder.ts";
import {
	addressOf,
	findServer,
	keepLock,
	stopServer,
	takeLock,
} from "./embedded/server.ts";

/** The service's private PostgreSQL, running. */
export interface EmbeddedDatabase {
	/** `postgresql://…` of the database `go_live`, for `pg`; holds the password. */
	readonly url: string;
	/** Where the data really are: absolute, and not always the folder asked for. */
	readonly dataDir: string;
	/** Stops the server and waits until it has ended. May be called again. */
	stop(): Promise<void>;
}

/** What the private PostgreSQL is started with. */
export interface EmbeddedOptions {
	/** DATA_DIR; made when missing. */
	dataDir: string;
	/** Whether the operator chose `dataDir`: then no other folder will do. */
	isExplicit: boolean;
	/** More PostgreSQL settings, such as `{ fsync: "off" }` in tests. */
	settings?: Record<string, string>;
	/** Where data and programs go when the service is started by root and PostgreSQL's user cannot reach those of the checkout. */
	systemDirs?: { data: string; programs: string };
}

/**
 * Starts the private PostgreSQL on DATA_DIR, and creates its files first when there are none.
 *
 * A server that a killed service left behind is stopped and replaced. A folder that another live service uses is refused.
 *
 * @throws Error with words for the operator: what happened, and what to do
 */
export async function startEmbedded(
	options: EmbeddedOptions,
): Promise<EmbeddedDatabase> {
	const systemDirs = options.systemDirs ?? {
		data: "/var/lib/mcp-go-live",
		programs: "/var/cache/mcp-go-live",
	};
	const folder = prepareFolder(
		options.dataDir,
		options.isExplicit ? undefined : systemDirs.data,
	);
	const binaries = findBinaries(folder.account, systemDirs.programs);
	const settings = { ...ownSettings, ...options.settings };
	await createCluster(folder, binaries, settings.fsync !== "off");

	const deadline = Date.now() + 60_000;
	for (;;) {
		await stopOrphan(folder.dataDir, deadline);
		const database = await launch(folder, binaries, settings, deadline);
		if (database) return database;
		await wait(200);
	}
}

const ownSettings: Record<string, string> = {
	listen_addresses: "127.0.0.1",
	unix_socket_directories: "",
	max_connections: "100",
	// An error quotes its statement and its values: report texts and addresses.
	log_min_messages: "fatal",
	log_min_error_statement: "panic",
	log_error_verbosity: "terse",
};

async function stopOrphan(dataDir: string, deadline: number) {
	for (;;) {
		const server = findServer(dataDir);
		if (!server) return;
		const lock = await takeLock(dataDir, server.port);
		if (lock === "taken") throw takenError(dataDir);
		if (lock) return stopServer(dataDir, server.pid);
		if (Date.now() > deadline)
			throw new Error(
				`PostgreSQL (process ${server.pid}) runs on DATA_DIR ${dataDir} and does not answer. Stop that process, or set DATA_DIR to another folder.`,
			);
		await wait(100);
	}
}

/** Undefined when something passing was in the way. */
async function launch(
	folder: DataFolder,
	binaries: string,
	settings: Record<string, string>,
	deadline: number,
): Promise<EmbeddedDatabase | undefined> {
	const { dataDir } = folder;
	const port = await findFreePort();
	const child = spawnServer(folder, binaries, { ...settings, port: `${port}` });
	for (;;) {
		const lock = await takeLock(dataDir, port);
		// Only another start stops it politely: it took ours for left behind.
		if (lock === "taken" || child.end() === 0) throw takenError(dataDir);
		if (lock) {
			await createDatabase(lock);
			keepLock(lock, dataDir, port, () => child.end() === undefined);
			break;
		}
		if (child.end() !== undefined || Date.now() > deadline) {
			const said = child.said();
			if (passing.test(said) && Date.now() < deadline) return undefined;
			await stopServer(dataDir, child.pid);
			throw new Error(
				`PostgreSQL did not start on DATA_DIR ${dataDir} (${child.end() ?? "no answer"}). Its log ends with:\n${said}\nRemedy that, or set DATA_DIR to another folder.`,
			);
		}
		await wait(20);
	}
	let stopped: Promise<void> | undefined;
	return {
		url: addressOf(dataDir, port, databaseName),
		dataDir,
		stop() {
			stopped ??= stopServer(dataDir, child.pid);
			return stopped;
		},
	};
}

const databaseName = "go_live";

// Another start, or the dying processes of the last one, or a port just taken.
const passing =
	/lock file "postmaster\.pid"|shared memory block|could not create any TCP\/IP sockets/;

const takenError = (dataDir: string) =>
	new Error(
		`Another MCP Go-Live service is using DATA_DIR ${dataDir}. Stop it, or set DATA_DIR to another folder for this one, or set DATABASE_URL for both to share one PostgreSQL server.`,
	);

function spawnServer(
	{ dataDir, account }: DataFolder,
	binaries: string,
	settings: Record<string, string>,
) {
	const logFile = join(dataDir, "postgres.log");
	const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
	// A link is not followed: root writes here, in a folder of someone else's.
	const flags = O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY;
	const log = openSync(logFile, flags, 0o600);
	const { size } = fstatSync(log);
	const child = spawn(
		join(binaries, "postgres"),
		[
			...["-D", clusterIn(dataDir)],
			...Object.entries(settings).flatMap((pair) => ["-c", pair.join("=")]),
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
	child.once("error", (error) => {
		end = error.message;
	});
	child.once("exit", (code, signal) => {
		end = code ?? signal ?? "ended";
	});
	return {
		pid: child.pid ?? 0,
		/** The exit code or signal or reason; undefined while it runs. */
		end: () => end,
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

async function createDatabase(lock: pg.Client) {
	const { rowCount } = await lock.query(
		"SELECT FROM pg_database WHERE datname = $1",
		[databaseName],
	);
	if (rowCount === 0) await lock.query(`CREATE DATABASE ${databaseName}`);
}

function findFreePort() {
	return new Promise<number>((resolve, reject) => {
		const probe = createServer().once("error", reject);
		probe.listen(0, "127.0.0.1", () => {
			const { port } = probe.address() as AddressInfo;
			probe.close(() => resolve(port));
		});
	});
}
