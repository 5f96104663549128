import { parseArgs } from "node:util";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { buildApp } from "./app.ts";
import { reassessReports } from "./assessments/reassess.ts";
import { type AuditCommand, runAuditCommand } from "./audit/commands.ts";
import type { Facade } from "./audit/schema.ts";
import { type Config, parseConfig } from "./config.ts";
import type { Database } from "./database.ts";
import { createLogger } from "./logging.ts";
import { serveMcpStdio } from "./mcp/server.ts";
import {
	accessTokenRefused,
	requireAccessToken,
	tellWhoAsks,
} from "./mcp/stdio-identity.ts";
import { openApiDocument } from "./openapi.ts";
import { publicError } from "./public-error.ts";
import { onShutdown } from "./shutdown.ts";
import { openStorage } from "./storage.ts";
import { runTokensCommand } from "./tokens/command.ts";
import type { Context } from "./trpc.ts";

const usage = `Usage: mcp-go-live [command]

  serve     the service: REST, tRPC, MCP and documentation over HTTP (default)
  mcp       the same MCP server over standard input and output
  migrate   bring the database to this version, and end
  assess    assess reports that this checklist version has not; --all: every report, after rules changed
  tokens    create, list or revoke <id> access tokens of somebody who has signed in:
            --owner <e-mail>; to create: --name, --scopes, --days
  openapi   print the OpenAPI document

  audit verify   prove that nobody changed the audit log: names the first break, and ends with 1;
                 --seq <number> --head <hash>: what it said earlier, which must still be so
  audit export   print the audit log, one line of JSON for each row; --since, --until: date-times in UTC

Settings come from the environment: PORT, HOST, DATABASE_URL, DATA_DIR,
DATABASE_POOL_SIZE, LOG_LEVEL, PUBLIC_URL, ALLOWED_HOSTS, CORS_ORIGINS,
TRUST_PROXY, RATE_LIMIT, RATE_LIMIT_SHARED, MAX_CONNECTIONS, AUTH, OIDC_ISSUER,
OIDC_AUDIENCE, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_ROLES_CLAIM,
OIDC_EMAIL_CLAIM, OIDC_SCOPES, APPROVAL_QUORUM, REQUIRE_COMPLETE_REPORT,
ACCESS_TOKEN (who asks, for mcp where AUTH=oidc). DATABASE_URL_FILE,
OIDC_CLIENT_SECRET_FILE and ACCESS_TOKEN_FILE may name files that hold them.
See the README.
`;

/** Which options a command takes. */
const optionsOf: Record<string, string[]> = {
	assess: ["all"],
	tokens: ["owner", "name", "scopes", "days"],
	audit: ["head", "seq", "since", "until"],
};

/** How many words may stand behind a command. */
const wordsOf: Record<string, number> = { tokens: 2, audit: 1 };

const commands = { help, serve, mcp, migrate, assess, tokens, audit, openapi };

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

interface Options extends Omit<AuditCommand, "action"> {
	all?: boolean;
	owner?: string;
	name?: string;
	scopes?: string;
	days?: string;
	/** What follows the command's name. */
	words: string[];
}

/** Undefined when the command line is not one that the usage describes. */
function readCommand():
	| { name: keyof typeof commands; options: Options }
	| undefined {
	try {
		const { values, positionals } = parseArgs({
			options: {
				help: { type: "boolean", short: "h" },
				all: { type: "boolean" },
				owner: { type: "string" },
				name: { type: "string" },
				scopes: { type: "string" },
				days: { type: "string" },
				head: { type: "string" },
				seq: { type: "string" },
				since: { type: "string" },
				until: { type: "string" },
			},
			allowPositionals: true,
		});
		const { help, ...given } = values;
		const [name = "serve", ...words] = positionals;
		const options = { ...given, words };
		if (help) return { name: "help", options };
		const isFitting =
			Object.keys(given).every((option) => optionsOf[name]?.includes(option)) &&
			words.length <= (wordsOf[name] ?? 0);
		return Object.hasOwn(commands, name) && isFitting
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
				return `MCP Go-Live listens on ${base} (REST ${base}/api/v1, docs ${base}/docs, MCP ${base}/mcp, tRPC ${base}/trpc); data in ${storage.where}; ${config.AUTH === "oidc" ? `people sign in at ${config.OIDC_ISSUER.join(", ")}` : "no authentication: whoever reaches it may submit and approve"}`;
			},
		});
	} catch (error) {
		await storage.close();
		throw explainListenError(error, config);
	}
}

async function mcp(): Promise<void> {
	const config = parseConfig(process.env);
	requireAccessToken(config);
	// Standard output is the protocol.
	const log = createLogger(config.LOG_LEVEL, 2);
	const opening = openStorage(config, log);
	let session: { close(): Promise<void> } | undefined;
	const stop = onShutdown(log, async () => session?.close(), opening);
	process.stdin.once("end", stop);
	process.stdin.once("close", stop);
	const storage = await opening;
	const identify = tellWhoAsks(storage.db, config);
	const asking = await identify();
	if (asking.refusal) {
		await storage.close();
		throw accessTokenRefused(asking.refusal);
	}
	const context = localContext(storage.db, config, log, "mcp");
	session = serveMcpStdio({ ...context, ...asking }, identify);
	log.info(`MCP Go-Live serves MCP on stdio; data in ${storage.where}`);
}

/** What procedures get that nobody asks over a network. */
function localContext(
	db: Database,
	config: Config,
	log: Logger,
	facade: Facade,
): Omit<Context, "identity"> {
	const requestId = `local-${process.pid}`;
	return {
		db,
		log: log.child({ request_id: requestId }),
		settings: config,
		requestId,
		refusal: undefined,
		facade,
		client: null,
		address: null,
	};
}

async function migrate(): Promise<void> {
	const config = parseConfig(process.env);
	const log = createLogger(config.LOG_LEVEL, 1);
	const storage = await openStorage(config, log);
	await storage.close();
}

async function assess({ all = false }: Options): Promise<void> {
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

async function audit({ words, ...options }: Options): Promise<void> {
	const config = parseConfig(process.env);
	// Standard output is the answer.
	const log = createLogger(config.LOG_LEVEL, 2);
	const storage = await openStorage(config, log);
	try {
		const [action] = words;
		const command = { ...options, action };
		await runAuditCommand(storage.db, command, process.stdout, showProgress);
	} catch (error) {
		process.stderr.write(`${(error as Error).message}\n`);
		process.exitCode = 1;
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

async function tokens({ words, ...options }: Options): Promise<void> {
	const config = parseConfig(process.env);
	const log = createLogger(config.LOG_LEVEL, 2);
	const storage = await openStorage(config, log);
	try {
		const [action, id] = words;
		const context = localContext(storage.db, config, log, "command_line");
		const text = await runTokensCommand(context, { ...options, action, id });
		process.stdout.write(text);
	} catch (error) {
		const { isUnexpected, detail } = publicError(error);
		process.stderr.write(
			`${isUnexpected ? (error as Error).message : detail}\n`,
		);
		process.exitCode = 1;
	} finally {
		await storage.close();
	}
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
