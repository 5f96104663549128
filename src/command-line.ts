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
import { runRekeyCommand } from "./reports/rekey-command.ts";
import { serve } from "./serve.ts";
import { openStorage } from "./storage.ts";
import { runTokensCommand, type TokensCommand } from "./tokens/command.ts";
import { openWorkers, type Workers } from "./workers/pool.ts";

const usage = `Usage: mcp-go-live [command]

  serve     the service: REST, tRPC, MCP and documentation over HTTP (default)
  mcp       the same MCP server over standard input and output
  migrate   bring the database to this version, and end
  assess    assess reports that this checklist version has not; --all: every report, after rules changed
  tokens    create, list or revoke <id> access tokens of somebody who has signed in:
            --owner <e-mail>; to create: --name, --scopes, --days
  rekey     give every repository the key of its address by the present rules and FORGE_ALIASES;
            --dry-run: only say what would change, also for a database that is yet to be migrated
  openapi   print the OpenAPI document

  audit verify   prove that nobody changed the audit log: names the first break, and ends with 1;
                 --seq <number> --head <hash>: what it said earlier, which must still be so
  audit export   print the audit log, one line of JSON for each row; --since, --until: date-times in UTC

Settings come from the environment: PORT, HOST, DATABASE_URL, DATA_DIR,
DATABASE_POOL_SIZE, LOG_LEVEL, PUBLIC_URL, ALLOWED_HOSTS, CORS_ORIGINS,
TRUST_PROXY, RATE_LIMIT, RATE_LIMIT_SHARED, MAX_CONNECTIONS, AUTH, OIDC_ISSUER,
OIDC_AUDIENCE, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_ROLES_CLAIM,
OIDC_EMAIL_CLAIM, OIDC_EMAIL_VERIFIED, OIDC_SCOPES, PLUS_ADDRESSES,
SESSION_HOURS, SESSION_IDLE_MINUTES, TOKEN_OWNER_DAYS, APPROVAL_QUORUM,
APPROVAL_QUORUM_UNKNOWN, FORGE_ALIASES, REQUIRE_COMPLETE_REPORT, AUDIT_READS,
AUDIT_ADDRESS_DAYS, ACCESS_TOKEN (who asks, for mcp where AUTH=oidc).
DATABASE_URL_FILE, OIDC_CLIENT_SECRET_FILE and ACCESS_TOKEN_FILE may name files
that hold them. See the README.
`;

/** Which options a command takes. */
const optionsOf: Record<string, string[]> = {
	assess: ["all"],
	rekey: ["dry-run"],
	tokens: ["owner", "name", "scopes", "days"],
	audit: ["head", "seq", "since", "until"],
};

/** What stands behind a command that does several things, and how many words more behind that. */
const actionsOf: Record<string, Record<string, number>> = {
	tokens: { create: 0, list: 0, revoke: 1 },
	audit: { verify: 0, export: 0 },
};

const commands = {
	help,
	serve: () => serve(parseConfig(process.env)),
	mcp: () => runMcpCommand(parseConfig(process.env)),
	migrate,
	assess,
	rekey,
	tokens,
	audit,
	openapi,
};

// Whoever reads what we print may have enough of it, as head has.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code !== "EPIPE") throw error;
});

try {
	const command = readCommand();
	if (typeof command === "string") {
		process.stderr.write(`${command}\n\n${usage}`);
		process.exitCode = 2;
	} else {
		await commands[command.name](command.options);
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
	"dry-run"?: boolean;
	owner?: string;
	name?: string;
	scopes?: string;
	days?: string;
	/** What follows the command's name. */
	words: string[];
}

/** What to do; or a sentence, when the command line is not one that the usage describes. */
function readCommand():
	| { name: keyof typeof commands; options: Options }
	| string {
	try {
		const { values, positionals } = parseArgs({
			options: {
				help: { type: "boolean", short: "h" },
				all: { type: "boolean" },
				"dry-run": { type: "boolean" },
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
		if (!Object.hasOwn(commands, name)) return `There is no command ${name}.`;
		const [action = "", ...more] = words;
		const actions = actionsOf[name];
		if (actions && actions[action] === undefined) {
			const known = Object.keys(actions).map((one) => `${name} ${one}`);
			return `Say ${known.slice(0, -1).join(", ")} or ${known.at(-1)}.`;
		}
		if ((actions ? more : words).length !== (actions?.[action] ?? 0)) {
			return `${[name, ...words].join(" ")}: there is a word too many, or one too few.`;
		}
		const other = Object.keys(given).find(
			(option) => !optionsOf[name]?.includes(option),
		);
		return other === undefined
			? { name: name as keyof typeof commands, options }
			: `${name} takes no --${other}.`;
	} catch (error) {
		return (error as Error).message;
	}
}

async function help(): Promise<void> {
	process.stdout.write(usage);
}

async function migrate(): Promise<void> {
	// Opening it does.
	await withStorage({}, async ({ log }) => {
		log.info("the database has this version");
	});
}

async function assess({ all = false }: Options): Promise<void> {
	await withStorage(
		{ mustExist: true },
		async ({ db, config, log, workers }) => {
			const { count, refused } = await reassessReports(db, {
				all,
				runTask: workers.runnerFor("local"),
				settings: config,
				onProgress: showProgress,
				onRefusal: (report_id, { message }) =>
					log.warn({ report_id, reason: message }, "report not assessed"),
				...(config.AUTH === "oidc" && { quorum: config }),
			});
			log.info({ count, refused }, "reports assessed");
			if (refused > 0) process.exitCode = 1;
		},
	);
}

async function rekey({ "dry-run": isDry = false }: Options): Promise<void> {
	const opening = {
		logTo: 2,
		mustExist: true,
		mayBeOlder: isDry,
	} as const;
	await withStorage(opening, async ({ db, config, log, workers }) => {
		const context = localContext(db, config, log, workers, "command_line");
		process.stdout.write(await runRekeyCommand(context, { isDry }));
	});
}

async function tokens({ words, ...options }: Options): Promise<void> {
	const [action, id] = words as [TokensCommand["action"], string?];
	await withStorage({ logTo: 2, mustExist: true }, async (opened) => {
		const { db, config, log, workers } = opened;
		const context = localContext(db, config, log, workers, "command_line");
		const text = await runTokensCommand(context, { ...options, action, id });
		process.stdout.write(text);
	});
}

async function audit({ words, ...options }: Options): Promise<void> {
	const command = { ...options, action: words[0] as AuditCommand["action"] };
	await withStorage({ logTo: 2, mustExist: true }, async ({ db }) => {
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
 * @param mustExist whether a database that is not there is an error
 * @param mayBeOlder whether one from before this version is taken as it is
 */
async function withStorage(
	{
		logTo = 1,
		...how
	}: { logTo?: 1 | 2; mustExist?: boolean; mayBeOlder?: boolean },
	run: (opened: {
		db: Database;
		config: Config;
		log: Logger;
		workers: Workers;
	}) => Promise<void>,
): Promise<void> {
	const config = parseConfig(process.env);
	const log = createLogger(config.LOG_LEVEL, logTo);
	const { db, close } = await openStorage(config, log, how);
	const workers = openWorkers(log);
	try {
		await run({ db, config, log, workers });
	} catch (error) {
		const { isUnexpected, detail } = publicError(error);
		process.stderr.write(
			`${isUnexpected ? (error as Error).message : detail}\n`,
		);
		process.exitCode = 1;
	} finally {
		workers.close();
		await close();
	}
}

/** Nothing where nobody watches. */
function showProgress(done: number, total: number): void {
	if (process.stderr.isTTY) process.stderr.write(progressBar(done, total));
}
