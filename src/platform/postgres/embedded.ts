import { resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type pg from "pg";
import { findBinaries, forgetClientVariables } from "./embedded/binaries.ts";
import { createCluster, hasCluster } from "./embedded/cluster.ts";
import { type DataFolder, prepareFolder } from "./embedded/folder.ts";
import { addressOf, keepLock, takeLock } from "./embedded/lock.ts";
import { findServer, spawnServer, stopServer } from "./embedded/server.ts";

/** The service's private PostgreSQL, running. */
export interface EmbeddedDatabase {
	/** `postgresql://…` of the database `go_live`, for `pg`; holds the password. */
	readonly url: string;
	/** The actual location of the data: absolute, and not always the folder requested. */
	readonly dataDir: string;
	/** Stops the server and waits until it has ended. May be called repeatedly. */
	stop(): Promise<void>;
}

/** Options for starting the private PostgreSQL. */
export interface EmbeddedOptions {
	/** DATA_DIR; created if missing. */
	dataDir: string;
	/** Whether the operator chose `dataDir`: then no other folder is used. */
	isExplicit: boolean;
	/** Whether missing data are an error; otherwise they are created. */
	mustExist?: boolean;
	/** More PostgreSQL settings, such as `{ fsync: "off" }` in tests. */
	settings?: Record<string, string>;
	/**
	 * Folders for data and programs when root starts the service and PostgreSQL's user cannot reach
	 * those of the checkout.
	 */
	systemDirs?: { data: string; programs: string };
	/**
	 * Called when the server ends without being stopped: it was killed, or its disk is full.
	 *
	 * @param said the last lines of its log
	 */
	onEnd?: (said: string) => void;
}

/**
 * Starts the private PostgreSQL on DATA_DIR, and creates its files first when there are none.
 *
 * Deletes the environment variables for PostgreSQL clients (PG…), which would change how this
 * server answers.
 *
 * A server left behind by a killed service is stopped and replaced. A folder in use by another live
 * service is refused.
 *
 * @throws Error with a message for the operator: what happened, and what to do
 */
export async function startEmbedded(
	options: EmbeddedOptions,
): Promise<EmbeddedDatabase> {
	forgetClientVariables();
	try {
		return await start(options);
	} catch (cause) {
		// Errors of the operating system (no space, not permitted …) say what, not where.
		if (!(cause as NodeJS.ErrnoException).syscall) throw cause;
		throw new Error(
			`The private PostgreSQL could not start on DATA_DIR ${options.dataDir}: ${(cause as Error).message}. Fix that, or set DATA_DIR to another folder, or DATABASE_URL to a PostgreSQL server.`,
			{ cause },
		);
	}
}

async function start(options: EmbeddedOptions) {
	const systemDirs = options.systemDirs ?? {
		data: "/var/lib/mcp-go-live",
		programs: "/var/cache/mcp-go-live",
	};
	const { dataDir, isExplicit, mustExist } = options;
	const places = isExplicit ? [dataDir] : [dataDir, systemDirs.data];
	if (mustExist && !places.some(hasCluster)) {
		throw new Error(
			`There is no MCP Go-Live data in DATA_DIR ${resolve(dataDir)}. Set DATA_DIR to the folder that has it, or DATABASE_URL to the database.`,
		);
	}
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
		const database = await launch(
			folder,
			binaries,
			settings,
			deadline,
			options,
		);
		if (database) return database;
		await wait(200);
	}
}

const ownSettings: Record<string, string> = {
	listen_addresses: "127.0.0.1",
	unix_socket_directories: "",
	max_connections: "100",
	// Errors quote their statement and its values: report texts and addresses.
	log_min_messages: "fatal",
	log_min_error_statement: "panic",
	log_error_verbosity: "terse",
};

async function stopOrphan(dataDir: string, deadline: number) {
	// A service that was just killed gets the time its connections take to end.
	const patience = Date.now() + 1_500;
	for (;;) {
		const server = findServer(dataDir);
		if (!server) return;
		const lock = await takeLock(dataDir, server.port);
		if (lock === "taken" && Date.now() > patience) throw takenError(dataDir);
		if (lock && lock !== "taken") return stopServer(dataDir, server.pid);
		if (Date.now() > deadline)
			throw new Error(
				`PostgreSQL (process ${server.pid}) runs on DATA_DIR ${dataDir} and does not answer. Stop that process, or set DATA_DIR to another folder.`,
			);
		await wait(100);
	}
}

/** Returns undefined when a temporary condition prevented it. */
async function launch(
	folder: DataFolder,
	binaries: string,
	settings: Record<string, string>,
	deadline: number,
	{ onEnd }: Pick<EmbeddedOptions, "onEnd">,
): Promise<EmbeddedDatabase | undefined> {
	const { dataDir } = folder;
	const server = await spawnServer(folder, binaries, settings);
	const { pid, port } = server;
	try {
		if (!(await takeOver(dataDir, server, deadline))) return undefined;
	} catch (error) {
		await stopServer(dataDir, pid);
		throw error;
	}
	let stopped: Promise<void> | undefined;
	server.onEnd(() => {
		if (!stopped) onEnd?.(server.said());
	});
	return {
		url: addressOf(dataDir, port, databaseName),
		dataDir,
		stop() {
			stopped ??= stopServer(dataDir, pid);
			return stopped;
		},
	};
}

/**
 * Waits until the server answers, and takes its lock.
 *
 * @returns false when a temporary condition prevented it, and the server has ended
 */
async function takeOver(
	dataDir: string,
	{ port, end, said }: Awaited<ReturnType<typeof spawnServer>>,
	deadline: number,
): Promise<boolean> {
	for (;;) {
		const lock = await takeLock(dataDir, port);
		// Only another start stops it politely: it took our server for one left behind.
		if (lock === "taken" || end() === 0) throw takenError(dataDir);
		if (lock) {
			await createDatabase(lock).catch((cause) => {
				throw new Error(
					`The database could not be created in DATA_DIR ${dataDir}: ${cause.message}. Fix that, or set DATA_DIR to another folder.`,
					{ cause },
				);
			});
			keepLock(lock, dataDir, port, () => end() === undefined);
			return true;
		}
		if (end() !== undefined || Date.now() > deadline) {
			if (passing.test(said()) && Date.now() < deadline) return false;
			throw new Error(
				`PostgreSQL did not start on DATA_DIR ${dataDir} (${end() ?? "no answer"}). Its log ends with:\n${said()}\nFix that, or set DATA_DIR to another folder.`,
			);
		}
		await wait(20);
	}
}

const databaseName = "go_live";

// Temporary conditions: another start, the last server's dying processes, or a port just taken.
const passing =
	/lock file "postmaster\.pid"|shared memory block|could not create any TCP\/IP sockets/;

const takenError = (dataDir: string) =>
	new Error(
		`Another MCP Go-Live service is using DATA_DIR ${dataDir}. Stop it, or set DATA_DIR to another folder for this one, or set DATABASE_URL for both to share one PostgreSQL server.`,
	);

async function createDatabase(lock: pg.Client) {
	const { rowCount } = await lock.query(
		"SELECT FROM pg_database WHERE datname = $1",
		[databaseName],
	);
	if (rowCount === 0) await lock.query(`CREATE DATABASE ${databaseName}`);
}
