#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { parseArgs } from "node:util";

const usage = `Usage: mcp-go-live [command]

  serve     the service: REST, tRPC, MCP and documentation over HTTP (default)
  mcp       the same MCP server over standard input and output
  migrate   migrate the database to this version, and exit
  assess    assess reports not yet assessed by this checklist version; --all: every report, after rules changed
  tokens    create, list or revoke <id> access tokens of a person who has signed in:
            --owner <e-mail>; to create: --name, --scopes, --days
  rekey     give every repository the key of its address under the current rules and FORGE_ALIASES;
            --dry-run: only print what would change, also for a database not migrated yet
  openapi   print the OpenAPI document

  audit verify   prove that nobody changed the audit log; names the first fault, and exits with 1;
                 --seq <number> --head <hash>: from an earlier run, which must still hold
  audit export   print the audit log, one line of JSON for each row; --since, --until: date-times in UTC

Settings come from the environment: PORT, HOST, DATABASE_URL, DATA_DIR,
DATABASE_POOL_SIZE, LOG_LEVEL, PUBLIC_URL, ALLOWED_HOSTS, CORS_ORIGINS,
TRUST_PROXY, RATE_LIMIT, RATE_LIMIT_SHARED, MAX_CONNECTIONS, AUTH, OIDC_ISSUER,
OIDC_AUDIENCE, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_ROLES_CLAIM,
OIDC_EMAIL_CLAIM, OIDC_EMAIL_VERIFIED, OIDC_SCOPES, PLUS_ADDRESSES,
SESSION_HOURS, SESSION_IDLE_MINUTES, TOKEN_OWNER_DAYS, APPROVAL_QUORUM,
APPROVAL_QUORUM_UNKNOWN, FORGE_ALIASES, REQUIRE_COMPLETE_REPORT, AUDIT_READS,
AUDIT_ADDRESS_DAYS, ACCESS_TOKEN (the caller, for mcp with AUTH=oidc).
DATABASE_URL_FILE, OIDC_CLIENT_SECRET_FILE and ACCESS_TOKEN_FILE may name files
that hold them. See the README.
`;

/** The options of each command. */
const optionsOf: Record<string, string[]> = {
	assess: ["all"],
	rekey: ["dry-run"],
	tokens: ["owner", "name", "scopes", "days"],
	audit: ["head", "seq", "since", "until"],
};

/** The actions of commands that have several, with the number of words after each. */
const actionsOf: Record<string, Record<string, number>> = {
	tokens: { create: 0, list: 0, revoke: 1 },
	audit: { verify: 0, export: 0 },
};

/** Each command's file is loaded when it is called. */
const commands = {
	help: async () => ({ run: () => process.stdout.write(usage) }),
	serve: () => import("./commands/serve.ts"),
	mcp: () => import("./commands/mcp.ts"),
	migrate: () => import("./commands/migrate.ts"),
	assess: () => import("./commands/assess.ts"),
	rekey: () => import("./commands/rekey.ts"),
	tokens: () => import("./commands/tokens.ts"),
	audit: () => import("./commands/audit.ts"),
	openapi: () => import("./commands/openapi.ts"),
};

// Before anything else is loaded, so that later starts need not compile it again.
enableCompileCache();

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	// The reader of our output may close it early, as `head` does.
	if (error.code === "EPIPE") return;
	const explained = new Error(
		`Standard output cannot be written: ${error.message}. What was written is not complete.`,
		{ cause: error },
	);
	// A command that has something open closes it on an uncaught error.
	if (process.listenerCount("uncaughtException") > 0) throw explained;
	process.stderr.write(`${explained.message}\n`);
	process.exit(1);
});

try {
	const command = readCommand();
	if (typeof command === "string") {
		process.stderr.write(`${command}\n\n${usage}`);
		process.exitCode = 2;
	} else {
		const { run } = await commands[command.name]();
		await run(command.options);
	}
} catch (error) {
	process.stderr.write(
		`MCP Go-Live could not start.\n${error instanceof Error ? error.message : String(error)}\n`,
	);
	// Everything opened on the way, such as the embedded database, has been closed.
	process.exit(1);
}

/** The options of all commands; each command takes those that `optionsOf` names for it. */
interface Options {
	all?: boolean;
	"dry-run"?: boolean;
	owner?: string;
	name?: string;
	scopes?: string;
	days?: string;
	head?: string;
	seq?: string;
	since?: string;
	until?: string;
	/** The arguments after the command's name. */
	words: string[];
}

/** Returns the command to run; or a sentence, when the command line does not match the usage. */
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
			return `Use ${known.slice(0, -1).join(", ")} or ${known.at(-1)}.`;
		}
		if ((actions ? more : words).length !== (actions?.[action] ?? 0)) {
			return `${[name, ...words].join(" ")}: wrong number of arguments.`;
		}
		const other = Object.keys(given).find(
			(option) => !optionsOf[name]?.includes(option),
		);
		return other === undefined
			? { name: name as keyof typeof commands, options }
			: `${name} does not accept --${other}.`;
	} catch (error) {
		return (error as Error).message;
	}
}
