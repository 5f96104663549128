import { parseArgs } from "node:util";
import type { Logger } from "pino";
import { reassessReports } from "./assessments/reassess.ts";
import { type AuditCommand, runAuditCommand } from "./audit/commands.ts";
import { type Config, parseConfig } from "./config.ts";
import type { Database } from "./database.ts";
import { localContext } from "./local-context.ts";
import { createLogger } from "./logging.ts";
import { runMcpCommand } from "./mcp/command.ts";
import { openApiDocument } from "./openapi.ts";
import { progressBar } from "./progress-bar.ts";
import { publicError } from "./public-error.ts";
import { serve } from "./serve.ts";
import { openStorage } from "./storage.ts";
import { runTokensCommand } from "./tokens/command.ts";

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

const commands = {
	help,
	serve: () => serve(parseConfig(process.env)),
	mcp: () => runMcpCommand(parseConfig(process.env)),
	migrate,
	assess,
	tokens,
	audit,
	openapi,
};

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

async function migrate(): Promise<void> {
	// Opening it does.
	await withStorage(1, async () => {});
}

async function assess({ all = false }: Options): Promise<void> {
	await withStorage(1, async ({ db, log }) => {
		const count = await reassessReports(db, { all, onProgress: showProgress });
		log.info({ count }, "reports assessed");
	});
}

async function tokens({ words, ...options }: Options): Promise<void> {
	const [action, id] = words;
	await withStorage(2, async ({ db, config, log }) => {
		const context = localContext(db, config, log, "command_line");
		const text = await runTokensCommand(context, { ...options, action, id });
		process.stdout.write(text);
	});
}

async function audit({ words, ...options }: Options): Promise<void> {
	const command = { ...options, action: words[0] };
	await withStorage(2, async ({ db }) => {
		await runAuditCommand(db, command, process.stdout, showProgress);
	});
}

async function openapi(): Promise<void> {
	process.stdout.write(`${JSON.stringify(openApiDocument(), null, 2)}\n`);
}

/**
 * Runs what needs the database and no façade, and closes it. What it throws is
 * said on standard error, and ends the process with 1.
 *
 * @param logTo the log's file descriptor: 2 where standard output is the answer
 */
async function withStorage(
	logTo: 1 | 2,
	run: (opened: { db: Database; config: Config; log: Logger }) => Promise<void>,
): Promise<void> {
	const config = parseConfig(process.env);
	const log = createLogger(config.LOG_LEVEL, logTo);
	const { db, close } = await openStorage(config, log);
	try {
		await run({ db, config, log });
	} catch (error) {
		const { isUnexpected, detail } = publicError(error);
		process.stderr.write(
			`${isUnexpected ? (error as Error).message : detail}\n`,
		);
		process.exitCode = 1;
	} finally {
		await close();
	}
}

/** Nothing where nobody watches. */
function showProgress(done: number, total: number): void {
	if (process.stderr.isTTY) process.stderr.write(progressBar(done, total));
}
