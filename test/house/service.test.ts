import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { makeDatabase, newReport } from "../support/helpers.ts";
import {
	runCommand,
	send,
	startProcess,
	startServiceProcess,
} from "../support/service-process.ts";

async function temporaryFolder() {
	const folder = await mkdtemp(join(tmpdir(), "go-live-service-"));
	onTestFinished(() => rm(folder, { recursive: true, force: true }));
	return folder;
}

test("one readable line says where everything is, and holds no password", async () => {
	const DATABASE_URL = await makeDatabase();
	const service = await startServiceProcess({ DATABASE_URL });
	const { pathname, password, host } = new URL(DATABASE_URL);
	const { msg } = service.logs().at(-1) ?? {};
	expect(msg).toBe(
		`MCP Go-Live listens on ${service.url} (REST ${service.url}/api/v1, docs ${service.url}/docs, MCP ${service.url}/mcp, tRPC ${service.url}/trpc); data in postgresql://${host}${pathname}; no authentication: everybody who reaches it may submit and approve`,
	);
	expect(password).not.toBe("");
	expect(service.output()).not.toContain(password);
	for (const path of [
		"/api/v1/reports",
		"/docs",
		"/trpc/reports.list?input={}",
	])
		expect((await send(service, "GET", path)).status, path).toBe(200);
});

test("without DATABASE_URL the service brings its own database and keeps the reports there", async () => {
	const DATA_DIR = await temporaryFolder();
	const first = await startServiceProcess({ DATA_DIR });
	expect(first.logs().at(-1)?.msg).toContain(`data in ${DATA_DIR};`);
	const { body } = await send(first, "POST", "/api/v1/reports", newReport());
	first.child.kill("SIGTERM");
	expect((await first.ended()).code).toBe(0);
	const second = await startServiceProcess({ DATA_DIR });
	const found = await send(second, "GET", `/api/v1/reports/${body.id}`);
	expect(found.body).toEqual(body);
	second.child.kill("SIGTERM");
	expect((await second.ended()).code).toBe(0);
});

test("what the environment tells PostgreSQL's clients is not told to the service's own database", async () => {
	const service = await startServiceProcess({
		DATA_DIR: await temporaryFolder(),
		PGOPTIONS: "-c search_path=foo -c default_transaction_read_only=on",
		PGSSLMODE: "verify-full",
		PGSSLNEGOTIATION: "direct",
		PGCLIENT_ENCODING: "LATIN1",
		PGREPLICATION: "database",
		PGBINARY: "1",
		PGAPPNAME: "other",
		PGHOST: "127.0.0.9",
		PGPORT: "9",
		PGUSER: "nobody",
		PGPASSWORD: "wrong",
		PGDATABASE: "nowhere",
		PGDATA: "/nowhere",
		PGTZ: "Asia/Tokyo",
		PGPASSFILE: "/nowhere",
		PGSERVICE: "none",
	});
	const report = newReport({ server_name: "mcp-æ" });
	const made = await send(service, "POST", "/api/v1/reports", report);
	expect(made.status).toBe(201);
	expect(made.body).toMatchObject(report);
	service.child.kill("SIGTERM");
	expect((await service.ended()).code).toBe(0);
});

test("two services may start at once on one empty database", async () => {
	const DATABASE_URL = await makeDatabase(onTestFinished, {
		isMigrated: false,
	});
	const services = await Promise.all([
		startServiceProcess({ DATABASE_URL }),
		startServiceProcess({ DATABASE_URL }),
	]);
	for (const service of services)
		expect((await send(service, "GET", "/readyz")).status).toBe(200);
});

test("migrate brings a database to this version, and ends", async () => {
	const DATABASE_URL = await makeDatabase(onTestFinished, {
		isMigrated: false,
	});
	const { code, stdout, stderr } = await runCommand(["migrate"], {
		DATABASE_URL,
	});
	expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
	expect(stdout).toContain("0001_reports");
	const client = new pg.Client({ connectionString: DATABASE_URL });
	await client.connect();
	onTestFinished(() => client.end());
	const { rows } = await client.query("select from mcp_server_reports");
	expect(rows).toEqual([]);
});

test("openapi prints the OpenAPI document, and needs no database", async () => {
	const { code, stdout } = await runCommand(["openapi"]);
	expect(code).toBe(0);
	expect(JSON.parse(stdout)).toMatchObject({ openapi: "3.1.0" });
});

test.each([["--help"], ["-h"]])(
	"%s names the commands and settings",
	async (option) => {
		const { code, stdout } = await runCommand([option]);
		expect(code).toBe(0);
		for (const word of ["serve", "mcp", "migrate", "openapi", "DATABASE_URL"])
			expect(stdout).toContain(word);
	},
);

test.each([
	[["sreve"], "There is no command sreve."],
	[["migrate", "twice"], "migrate twice: wrong number of arguments"],
	[["--prot", "1"], "Unknown option '--prot'"],
	[["tokens"], "Use tokens create, tokens list or tokens revoke."],
	[["tokens", "revoke"], "tokens revoke: wrong number of arguments"],
	[["assess", "--owner", "x"], "assess does not accept --owner."],
])("%j is no command: why, usage, and exit code 2", async (args, why) => {
	const { code, stdout, stderr } = await runCommand(args);
	expect(code).toBe(2);
	expect(stdout).toBe("");
	expect(stderr.startsWith(why), stderr).toBe(true);
	expect(stderr).toContain("\n\nUsage: mcp-go-live [command]");
});

test.each([
	["audit", "verify"],
	["audit", "export"],
	["assess"],
	["tokens", "list", "--owner", "alex@example.com"],
])("%s %s makes no database where there is none", async (...args) => {
	const DATA_DIR = join(await temporaryFolder(), "nothing");
	const folder = await runCommand(args, { DATA_DIR });
	expect(folder.code).toBe(1);
	expect(folder.stdout).toBe("");
	expect(folder.stderr).toContain(
		`There is no MCP Go-Live data in DATA_DIR ${DATA_DIR}.`,
	);
	expect(existsSync(DATA_DIR)).toBe(false);
	const DATABASE_URL = await makeDatabase();
	const client = new pg.Client({ connectionString: DATABASE_URL });
	await client.connect();
	onTestFinished(() => client.end());
	await client.query("drop schema public cascade; create schema public");
	const database = await runCommand(args, { DATABASE_URL });
	expect(database.code).toBe(1);
	expect(database.stdout).toBe("");
	expect(database.stderr).toContain("it contains no MCP Go-Live data.");
	const { rows } = await client.query(
		"select from information_schema.tables where table_schema = 'public'",
	);
	expect(rows).toEqual([]);
});

test.each([
	["delete from schema_migrations where name like '0008%'", "is older than"],
	[
		"insert into schema_migrations values ('9999_later', '2026-01-01')",
		"is newer than",
	],
])(
	"what reads a database refuses one of another version: %s",
	async (change, words) => {
		const DATABASE_URL = await makeDatabase();
		const client = new pg.Client({ connectionString: DATABASE_URL });
		await client.connect();
		onTestFinished(() => client.end());
		await client.query(change);
		const { code, stdout, stderr } = await runCommand(["audit", "verify"], {
			DATABASE_URL,
		});
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		expect(stderr).toContain(`${words} this version of MCP Go-Live`);
	},
);

test("a HOST that is none is said to be none, and nothing is left running", async () => {
	const DATA_DIR = await temporaryFolder();
	const { code, stderr } = await runCommand([], {
		DATA_DIR,
		PORT: "0",
		AUTH: "none",
		HOST: "no-such-host.invalid",
	});
	expect(code).toBe(1);
	expect(stderr).toContain(
		"no-such-host.invalid is neither an address nor a host name",
	);
	const lockFile = join(DATA_DIR, "postgres/data/postmaster.pid");
	expect(existsSync(lockFile)).toBe(false);
});

test("whoever stops reading what is printed gets no stack trace", async () => {
	const { child, ended } = startProcess(["openapi"], {});
	child.stdout?.destroy();
	expect(await ended()).toMatchObject({ code: 0, stderr: "" });
});

test.each([
	[{ PORT: "http" }, "PORT must be a port number."],
	[{ PORT: "70000" }, "PORT must be a port number from 0 to 65535."],
	[{ PORT: "80.5" }, "PORT must be a whole number."],
	[
		{ DATABASE_URL: "mysql://localhost/x" },
		"DATABASE_URL must start with postgresql://",
	],
	[
		{ DATABASE_URL: "postgresql://user:secret-word@localhost:99999/x" },
		"DATABASE_URL is not a valid URL",
	],
	[
		{ DATABASE_URL: "postgresql://user:secret-word%@localhost/x" },
		"DATABASE_URL is not a valid URL",
	],
	[{ PORT: " ", HOST: "0.0.0.0" }, "HOST is not a loopback address"],
	[{ DATABASE_POOL_SIZE: "0" }, "DATABASE_POOL_SIZE must be at least 2."],
	[
		{ LOG_LEVEL: "loud" },
		"LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent.",
	],
	[
		{ PUBLIC_URL: "go-live.example.com" },
		"PUBLIC_URL must be an http or https URL",
	],
	...[
		"https://go-live.example.com/desk",
		"https://go-live.example.com?x=1",
		"https://user:secret-word@go-live.example.com",
	].map((PUBLIC_URL): [object, string] => [
		{ PUBLIC_URL },
		"PUBLIC_URL must be a scheme and host",
	]),
	...["https://a.example.com", "a.example.com:8080", "*.example.com"].map(
		(ALLOWED_HOSTS): [object, string] => [
			{ ALLOWED_HOSTS },
			"ALLOWED_HOSTS must list host names",
		],
	),
	[{ TRUST_PROXY: "::/0" }, "TRUST_PROXY must list the addresses"],
	[{ AUTH: "oauth" }, "AUTH must be none or oidc"],
	[
		{ ATUH: "oidc", OIDC_CLIENT_ID: "pages" },
		"AUTH must be oidc where OIDC_CLIENT_ID is set.",
	],
	[
		{ AUTH: "none", OIDC_ISSUER: "https://login.example.com" },
		"AUTH must be oidc where OIDC_ISSUER is set.",
	],
	[
		{ PUBLIC_URL: "https://go-live.example.com" },
		"PUBLIC_URL is reachable from other machines, and there is no authentication",
	],
	[
		{ TRUST_PROXY: "loopback" },
		"TRUST_PROXY names a proxy, and there is no authentication",
	],
	[{ AUTH: "oidc" }, "OIDC_ISSUER is required with AUTH=oidc."],
	[{ AUTH: "oidc" }, "PUBLIC_URL is required with AUTH=oidc."],
	[
		{ AUTH: "oidc", OIDC_ISSUER: "http://login.example.com" },
		"OIDC_ISSUER must be the https URL",
	],
	[
		{
			AUTH: "oidc",
			OIDC_ISSUER: "https://login.example.com",
			OIDC_AUDIENCE: "api",
			OIDC_CLIENT_ID: "pages",
			PUBLIC_URL: "http://go-live.example.com",
		},
		"PUBLIC_URL must be an https URL with AUTH=oidc",
	],
	[{ APPROVAL_QUORUM: "0" }, "APPROVAL_QUORUM must be at least 1."],
	[
		{ APPROVAL_QUORUM_UNKNOWN: "11" },
		"APPROVAL_QUORUM_UNKNOWN must be at most 10.",
	],
	[{ OIDC_SCOPELESS: "all" }, "OIDC_SCOPELESS must be refuse or roles."],
	[
		{ OIDC_SCOPE_PREFIX: 'api://a" ' },
		"OIDC_SCOPE_PREFIX must be the prefix of a scope",
	],
	[{ OIDC_ROLES_ABSENT: "all" }, "OIDC_ROLES_ABSENT must be known or none."],
	[
		{ OIDC_APPROVING_CLIENTS: "portal" },
		"AUTH must be oidc where OIDC_APPROVING_CLIENTS is set.",
	],
	[{ HOST: "0.0.0.0" }, "HOST is not a loopback address"],
	[{ HOST: "::" }, "HOST is not a loopback address"],
	[
		{ HOST: "192.0.2.1" },
		"Set AUTH=oidc to require signing in, or AUTH=none if this is intended.",
	],
])(
	"the setting %j stops the start with a sentence",
	async (settings, sentence) => {
		const DATA_DIR = await temporaryFolder();
		const { code, stdout, stderr } = await runCommand([], {
			DATA_DIR,
			...settings,
		});
		expect(code).toBe(1);
		expect(stdout).toBe("");
		expect(stderr).toMatch(/^MCP Go-Live could not start\.\n/);
		expect(stderr).toContain(sentence);
		expect(stderr).not.toMatch(/secret-word|^\s+at /m);
	},
);

test("a database newer than the service stops the start with a sentence", async () => {
	const DATABASE_URL = await makeDatabase();
	const client = new pg.Client({ connectionString: DATABASE_URL });
	await client.connect();
	onTestFinished(() => client.end());
	await client.query(
		"insert into schema_migrations (name, timestamp) values ('9999_from_the_future', '2099-01-01')",
	);
	const { code, stderr } = await runCommand([], { DATABASE_URL });
	expect(code).toBe(1);
	expect(stderr).toContain(
		"The database is newer than this version of MCP Go-Live",
	);
});

test("all bad settings are named at once", async () => {
	const { stderr } = await runCommand([], { PORT: "x", LOG_LEVEL: "y" });
	expect(stderr).toContain("PORT must");
	expect(stderr).toContain("LOG_LEVEL must");
});

test("AUTH=none lets the service listen beyond this machine", async () => {
	const service = await startServiceProcess({
		DATABASE_URL: await makeDatabase(),
		HOST: "0.0.0.0",
		AUTH: "none",
	});
	expect((await send(service, "GET", "/readyz")).status).toBe(200);
});

test("a taken port stops the start with a sentence", async () => {
	const other = createServer().listen(0, "127.0.0.1");
	onTestFinished(() => void other.close());
	await once(other, "listening");
	const { port } = other.address() as { port: number };
	const { code, stderr } = await runCommand([], {
		DATABASE_URL: await makeDatabase(),
		PORT: `${port}`,
	});
	expect(code).toBe(1);
	expect(stderr).toBe(
		`MCP Go-Live could not start.\nCannot listen on 127.0.0.1: port ${port} is already in use. Stop the program that listens there, or set PORT to another port.\n`,
	);
});

test.each([
	[
		"nobody listens",
		(url: URL) => {
			url.port = "9";
		},
	],
	[
		"the password is wrong",
		(url: URL) => {
			url.password = "wrong-word";
		},
	],
	[
		"there is no such database",
		(url: URL) => {
			url.pathname = "/absent";
		},
	],
])(
	"a database that cannot be used stops the start with a sentence: %s",
	async (_, change) => {
		const url = new URL(await makeDatabase());
		change(url);
		const { code, stderr } = await runCommand([], { DATABASE_URL: url.href });
		expect(code).toBe(1);
		expect(stderr).toContain(
			`Cannot use the database at postgresql://${url.host}${url.pathname}: `,
		);
		expect(stderr).toContain(
			"Check DATABASE_URL, and that PostgreSQL is running there.",
		);
		expect(stderr).not.toContain(url.password);
	},
);
