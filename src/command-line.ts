import { parseArgs } from "node:util";
import type { FastifyInstance } from "fastify";
import { buildApp } from "./app.ts";
import { reassessReports } from "./assessments/reassess.ts";
import { type Config, parseConfig } from "./config.ts";
import { createLogger } from "./logging.ts";
import { serveMcpStdio } from "./mcp/server.ts";
import { openApiDocument } from "./openapi.ts";
import { onShutdown } from "./shutdown.ts";
import { openStorage } from "./storage.ts";

const usage = `Usage: mcp-go-live [command]

  serve     the service: REST, tRPC, MCP and documentation over HTTP (default)
  mcp       the same MCP server over standard input and output
  migrate   bring the database to this version, and end
  assess    assess reports that this checklist version has not; --all: every report, after rules changed
  openapi   print the OpenAPI document

Settings come from the environment: PORT, HOST, DATABASE_URL, DATA_DIR,
DATABASE_POOL_SIZE, LOG_LEVEL, PUBLIC_URL, ALLOWED_HOSTS, CORS_ORIGINS,
TRUST_PROXY, RATE_LIMIT, RATE_LIMIT_SHARED, MAX_CONNECTIONS, AUTH,
REQUIRE_COMPLETE_REPORT. DATABASE_URL may stand in a file that
DATABASE_URL_FILE names. See the README.
`;

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
	const opening = openStorage(config, log);
	let app: FastifyInstance | undefined;
	onShutdown(log, async () => app?.close(), opening);
	const storage = await opening;
	app = buildApp(storage.db, config, log);
	try {
		await app.listen({
			port: config.PORT,
			host: config.HOST,
			// Fastify writes one line for each address it listens on.
			listenTextResolver(address) {
				const base = config.PUBLIC_URL ?? address;
				return `MCP Go-Live listens on ${base} (REST ${base}/api/v1, docs ${base}/docs, MCP ${base}/mcp, tRPC ${base}/trpc); data in ${storage.where}; no authentication: whoever reaches it may submit and approve`;
			},
		});
	} catch (error) {
		await storage.close();
		throw explainListenError(error, config);
	}
}

async function mcp(): Promise<void> {
	const config = parseConfig(process.env);
	// Standard output is the protocol.
	const log = createLogger(config.LOG_LEVEL, 2);
	const opening = openStorage(config, log);
	let session: { close(): Promise<void> } | undefined;
	const stop = onShutdown(log, async () => session?.close(), opening);
	process.stdin.once("end", stop);
	process.stdin.once("close", stop);
	const storage = await opening;
	const requestId = `stdio-${process.pid}`;
	session = serveMcpStdio({
		db: storage.db,
		log: log.child({ request_id: requestId }),
		settings: { requireCompleteReport: config.REQUIRE_COMPLETE_REPORT },
		requestId,
	});
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
