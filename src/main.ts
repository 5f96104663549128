#!/usr/bin/env node
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Logger } from "pino";
import { buildApp } from "./app.ts";
import { reassessReports } from "./assessments/reassess.ts";
import { type Config, parseConfig } from "./config.ts";
import { type Database, migrateDatabase, openDatabase } from "./database.ts";
import { type EmbeddedDatabase, startEmbedded } from "./embedded.ts";
import { createLogger } from "./logging.ts";
import { serveMcpStdio } from "./mcp/server.ts";
import { openApiDocument } from "./openapi.ts";

const usage = `Usage: mcp-go-live [command]

  serve     the service: REST, tRPC, MCP and documentation over HTTP (default)
  mcp       the same MCP server over standard input and output
  migrate   bring the database to this version, and end
  assess    assess reports that no present rules have assessed; --all: every report
  openapi   print the OpenAPI document

Settings come from the environment: PORT, HOST, DATABASE_URL, DATA_DIR,
DATABASE_POOL_SIZE, LOG_LEVEL, PUBLIC_URL, ALLOWED_HOSTS, AUTH,
REQUIRE_COMPLETE_REPORT. See the README.
`;

/** Seconds that a shutdown waits for what still runs, and until it ends whatever happens. */
const DRAIN_SECONDS = 7;
const SHUTDOWN_SECONDS = 9.5;

const commands = { help, serve, mcp, migrate, assess, openapi };

try {
	const command = readCommand();
	if (command) {
		await commands[command.name](command.options);
	} else {
		process.stderr.write(usage);
		process.exitCode = 2;
	}
} catch (error) {
	process.stderr.write(
		`MCP Go-Live could not start.\n${error instanceof Error ? error.message : String(error)}\n`,
	);
	// What was opened on the way, such as the embedded database, has been closed.
	process.exit(1);
}

/** Undefined when the command line is not one that the usage describes. */
function readCommand():
	| { name: keyof typeof commands; options: { all?: boolean } }
	| undefined {
	try {
		const { values, positionals } = parseArgs({
			options: {
				help: { type: "boolean", short: "h" },
				all: { type: "boolean" },
			},
			allowPositionals: true,
		});
		const { help, ...options } = values;
		const [name = "serve", ...rest] = positionals;
		if (help) return { name: "help", options };
		const isKnown = Object.hasOwn(commands, name) && rest.length === 0;
		const isFitting = name === "assess" || !options.all;
		return isKnown && isFitting
			? { name: name as keyof typeof commands, options }
			: undefined;
	} catch {
		return undefined;
	}
}

async function help(): Promise<void> {
	process.stdout.write(usage);
}

async function serve(): Promise<void> {
	const config = parseConfig(process.env);
	const log = createLogger(config.LOG_LEVEL, 1);
	const storage = await openStorage(config, log);
	const app = buildApp(storage.db, config, log);
	onShutdown(log, () => app.close(), storage);
	try {
		const url = await app.listen({ port: config.PORT, host: config.HOST });
		const base = config.PUBLIC_URL ?? url;
		log.info(
			`MCP Go-Live listens on ${base} (REST ${base}/api/v1, docs ${base}/docs, MCP ${base}/mcp, tRPC ${base}/trpc); data in ${storage.where}; no authentication: whoever reaches it may submit and approve`,
		);
	} catch (error) {
		await storage.close();
		throw explainListenError(error, config);
	}
}

async function mcp(): Promise<void> {
	const config = parseConfig(process.env);
	// Standard output is the protocol.
	const log = createLogger(config.LOG_LEVEL, 2);
	const storage = await openStorage(config, log);
	const requestId = `stdio-${process.pid}`;
	const session = serveMcpStdio({
		db: storage.db,
		log: log.child({ request_id: requestId }),
		settings: { requireCompleteReport: config.REQUIRE_COMPLETE_REPORT },
		requestId,
	});
	const stop = onShutdown(log, () => session.close(), storage);
	process.stdin.once("end", stop);
	process.stdin.once("close", stop);
	log.info(`MCP Go-Live serves MCP on stdio; data in ${storage.where}`);
}

async function migrate(): Promise<void> {
	const config = parseConfig(process.env);
	const log = createLogger(config.LOG_LEVEL, 1);
	const storage = await openStorage(config, log);
	await storage.close();
}

async function assess({ all = false }: { all?: boolean }): Promise<void> {
	const config = parseConfig(process.env);
	const log = createLogger(config.LOG_LEVEL, 1);
	const storage = await openStorage(config, log);
	try {
		const count = await reassessReports(storage.db, {
			all,
			onProgress: showProgress,
		});
		log.info({ count }, "reports assessed");
	} finally {
		await storage.close();
	}
}

/** A progress bar on a terminal; nothing where nobody watches. */
function showProgress(done: number, total: number): void {
	if (!process.stderr.isTTY) return;
	const filled = Math.floor((done / total) * 40);
	const bar = "█".repeat(filled) + "░".repeat(40 - filled);
	process.stderr.write(
		`\r${bar} ${done}/${total}${done === total ? "\n" : ""}`,
	);
}

async function openapi(): Promise<void> {
	process.stdout.write(`${JSON.stringify(openApiDocument(), null, 2)}\n`);
}

/** An open, migrated database and what to close at the end. */
interface Storage {
	db: Database;
	/** For people: which database this is. Holds no password. */
	where: string;
	/** Waits for running queries, then closes. */
	close(): Promise<void>;
	/** Closes without waiting for queries; after `close()` it does nothing. */
	abort(): Promise<void>;
}

async function openStorage(config: Config, log: Logger): Promise<Storage> {
	const embedded: EmbeddedDatabase | undefined = config.DATABASE_URL
		? undefined
		: await startEmbedded({
				dataDir: config.DATA_DIR ?? "./data",
				isExplicit: config.DATA_DIR !== undefined,
			});
	const url = config.DATABASE_URL ?? embedded?.url ?? "";
	const db = openDatabase(url, {
		poolSize: config.DATABASE_POOL_SIZE,
		onLost: (error) => log.warn({ err: error }, "database connection lost"),
	});
	// Building an index over many reports takes longer than a request may.
	const migrating = openDatabase(url, { poolSize: 1, isPatient: true });
	const abort = async () => embedded?.stop();
	const close = async () => {
		await db.destroy();
		await abort();
	};
	const where = embedded?.dataDir ?? withoutPassword(url);
	try {
		const applied = await migrateDatabase(migrating);
		if (applied.length > 0) log.info({ applied }, "database migrated");
		await migrating.destroy();
	} catch (error) {
		await migrating.destroy();
		await close();
		throw explainDatabaseError(error, where);
	}
	return { db, where, close, abort };
}

/**
 * Ends the process once, on SIGTERM or SIGINT or when the returned function is
 * called: what runs is finished, or cut off when it takes too long, then
 * everything is closed.
 *
 * @param drain takes nothing new, and waits for what runs
 */
function onShutdown(
	log: Logger,
	drain: () => Promise<void>,
	storage: Storage,
): () => void {
	let isStopping = false;
	const stop = async () => {
		if (isStopping) return;
		isStopping = true;
		setTimeout(() => process.exit(1), SHUTDOWN_SECONDS * 1000);
		const close = drain().then(storage.close);
		const timeIsUp = wait(DRAIN_SECONDS * 1000, true, { ref: false });
		try {
			if (await Promise.race([close, timeIsUp])) {
				log.warn("shutdown took too long; what still ran was cut off");
				await storage.abort();
			}
			process.exit(0);
		} catch (error) {
			log.error({ err: error }, "shutdown failed");
			await storage.abort();
			process.exit(1);
		}
	};
	process.on("SIGTERM", stop);
	process.on("SIGINT", stop);
	return stop;
}

function withoutPassword(url: string): string {
	const { protocol, host, pathname } = new URL(url);
	return `${protocol}//${host}${pathname}`;
}

function explainListenError(error: unknown, config: Config): unknown {
	const { code } = error as { code?: string };
	const reason = {
		EADDRINUSE: `port ${config.PORT} is taken. Stop what listens there, or set PORT to another one.`,
		EADDRNOTAVAIL: `${config.HOST} is no address of this machine. Set HOST to one that is.`,
		EACCES: `this user may not listen on port ${config.PORT}. Set PORT to one above 1023.`,
	}[code ?? ""];
	return reason
		? new Error(`Cannot listen on ${config.HOST}: ${reason}`)
		: error;
}

function explainDatabaseError(error: unknown, where: string): Error {
	const { code, message } = error as { code?: string; message?: string };
	const isConnection =
		code !== undefined && /^(E[A-Z_]+|28\w+|3D000|57P0\d|08\w+)$/.test(code);
	const advice = isConnection
		? ". Check DATABASE_URL, and that PostgreSQL is running there."
		: "";
	// Of several addresses none answered: then there is no message of its own.
	return new Error(
		`Cannot use the database at ${where}: ${message || code}${advice}`,
		{ cause: error },
	);
}
