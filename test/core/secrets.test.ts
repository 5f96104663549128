import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { parseConfig } from "../../src/core/config.ts";
import { makeDatabase } from "../support/helpers.ts";
import {
	runCommand,
	send,
	startServiceProcess,
} from "../support/service-process.ts";

async function temporaryFolder() {
	const folder = await mkdtemp(join(tmpdir(), "go-live-secrets-"));
	onTestFinished(() => rm(folder, { recursive: true, force: true }));
	return folder;
}

async function writeSecret(content: string) {
	const file = join(await temporaryFolder(), "secret");
	await writeFile(file, content);
	return file;
}

test.each(["", "\n", "\r\n"])(
	"the database can be named in a file that ends with %j",
	async (end) => {
		const service = await startServiceProcess({
			DATABASE_URL_FILE: await writeSecret((await makeDatabase()) + end),
		});
		expect((await send(service, "GET", "/readyz")).status).toBe(200);
	},
);

test("a secret that is given twice stops the start", async () => {
	const DATABASE_URL = "postgresql://user:zebra@localhost/x";
	const DATABASE_URL_FILE = await writeSecret(DATABASE_URL);
	const { code, stderr } = await runCommand([], {
		DATABASE_URL,
		DATABASE_URL_FILE,
		PORT: "none",
	});
	expect(code).toBe(1);
	expect(stderr).toContain(
		"DATABASE_URL and DATABASE_URL_FILE are both set: keep only the intended one.",
	);
	// All that is wrong is said at once.
	expect(stderr).toContain("PORT must be a port number");
	expect(stderr).not.toContain("zebra");
});

test.each([
	["is absent", async () => "/nowhere/zebra", "ENOENT"],
	["is a folder", temporaryFolder, "EISDIR"],
	["is the secret itself", async () => "postgresql://zebra@x/y", "ENOENT"],
	["is empty", () => writeSecret("\n"), "it is empty"],
])(
	"a file that %s stops the start, and nothing of it is shown",
	async (_what, file, reason) => {
		const DATABASE_URL_FILE = await file();
		const { code, stdout, stderr } = await runCommand([], {
			DATABASE_URL_FILE,
			DATA_DIR: join(await temporaryFolder(), "data"),
		});
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		expect(stderr).toBe(
			`MCP Go-Live could not start.\nDATABASE_URL_FILE names a file that cannot be used (${reason}).\n`,
		);
	},
);

test("what a file holds must be right as well, and is not shown when it is not", async () => {
	const { code, stderr } = await runCommand([], {
		DATABASE_URL_FILE: await writeSecret("mysql://root:zebra@localhost/x"),
	});
	expect(code).toBe(1);
	expect(stderr).toContain("DATABASE_URL must start with postgresql://");
	expect(stderr).not.toContain("zebra");
});

const url = (password: string, host = "database.example.com") =>
	`postgresql://go_live:${encodeURIComponent(password)}@${host}:5432/go_live`;

test.each([
	...["changeme", "change-me", "CHANGE_ME", "password", "Password1", "secret"],
	...["example", "placeholder", "<password>", "<your password>", "xxxx", "***"],
	...["your-password", "your_password_here", "my-secret", "{{password}}"],
	...["$" + "{POSTGRES_PASSWORD}", "$PASSWORD", "go-live-local", "secret123"],
])("%s is no password for a database elsewhere", (password) => {
	expect(() => parseConfig({ DATABASE_URL: url(password) })).toThrow(
		/^DATABASE_URL has a placeholder as its password\. Set a password of your own for that role\.$/,
	);
	for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
		parseConfig({ DATABASE_URL: url(password, host) });
	}
	parseConfig({
		DATABASE_URL: `postgresql:///go_live?host=/run/postgresql&password=${encodeURIComponent(password)}`,
	});
	const elsewhere = `postgresql://localhost/x?host=database.example.com&password=${encodeURIComponent(password)}`;
	expect(() => parseConfig({ DATABASE_URL: elsewhere })).toThrow("placeholder");
});

test.each([
	...["correct horse battery staple", "passwordless-is-the-future", "hunter2"],
	...["3f0a9c5be1", "secretary-of-state-7", "examplary", "$9x!kQ", "xylophone"],
])("%s is a password like any other", (password) => {
	parseConfig({ DATABASE_URL: url(password) });
});

test("a database elsewhere may need no password", () => {
	parseConfig({ DATABASE_URL: "postgresql://go_live@database.example.com/x" });
});

test("a placeholder stops the start of the service itself", async () => {
	const { code, stderr } = await runCommand([], {
		DATABASE_URL: url("changeme"),
	});
	expect(code).toBe(1);
	expect(stderr).toBe(
		"MCP Go-Live could not start.\nDATABASE_URL has a placeholder as its password. Set a password of your own for that role.\n",
	);
});

test.each([
	[{ CORS_ORIGINS: "*" }, "CORS_ORIGINS must list whole origins"],
	[{ CORS_ORIGINS: "portal.example.com" }, "CORS_ORIGINS must list"],
	[{ CORS_ORIGINS: "https://portal.example.com/" }, "CORS_ORIGINS must list"],
	[{ CORS_ORIGINS: "https://*.example.com" }, "CORS_ORIGINS must list"],
	[{ CORS_ORIGINS: "null" }, "CORS_ORIGINS must list whole origins"],
	[{ TRUST_PROXY: "true" }, "TRUST_PROXY must list the addresses"],
	[{ TRUST_PROXY: "1" }, "TRUST_PROXY must list the addresses"],
	[{ TRUST_PROXY: "10.0.0.0/33" }, "TRUST_PROXY must list the addresses"],
	[{ TRUST_PROXY: "proxy.internal" }, "TRUST_PROXY must list the addresses"],
	[{ RATE_LIMIT: "-1" }, "RATE_LIMIT must be at least 0."],
	[{ RATE_LIMIT: "many" }, "RATE_LIMIT must be a number."],
	[{ RATE_LIMIT: "1.5" }, "RATE_LIMIT must be a whole number."],
	[{ RATE_LIMIT_SHARED: "yes" }, "RATE_LIMIT_SHARED must be true or false."],
	[{ MAX_CONNECTIONS: "0" }, "MAX_CONNECTIONS must be at least 1."],
])("the setting %j is refused with a sentence", (settings, sentence) => {
	expect(() => parseConfig(settings)).toThrow(sentence);
});

test("an IPv6 address to listen on may stand in brackets", () => {
	expect(parseConfig({ HOST: "[::1]" }).HOST).toBe("::1");
});

test("lists of origins and of proxies are taken as people write them", () => {
	expect(
		parseConfig({
			AUTH: "none",
			CORS_ORIGINS: "https://a.example.com, http://localhost:3000",
			TRUST_PROXY: "10.0.0.0/8,192.0.2.7 2001:db8::/32,loopback",
		}),
	).toMatchObject({
		CORS_ORIGINS: ["https://a.example.com", "http://localhost:3000"],
		TRUST_PROXY: ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "loopback"],
	});
});

test("docker compose makes up a password, keeps it, and ships none", async () => {
	const compose = await readFile(
		join(import.meta.dirname, "../../docker-compose.yml"),
		"utf8",
	);
	expect(compose).not.toMatch(/PASSWORD: \S/);
	const [, script = ""] =
		/\n {4}command:\n {6}- \|\n([\s\S]*?)\n {4}\S/.exec(compose) ?? [];
	const folder = await temporaryFolder();
	const here = script
		.replaceAll("$$", "$")
		.replace("/run/go-live", folder)
		// Whoever runs the tests may own no file of somebody else.
		.replaceAll(/^ *chown .*$/gm, "");
	const run = async () => {
		await promisify(execFile)("/bin/sh", ["-euc", here]);
		const read = (name: string) => readFile(join(folder, name), "utf8");
		return {
			password: await read("password"),
			url: await read("database-url"),
		};
	};
	const first = await run();
	expect(first.password).toMatch(/^[0-9a-f]{48}$/);
	expect(first.url).toBe(
		`postgresql://go_live:${first.password}@database:5432/go_live`,
	);
	expect(await run()).toEqual(first);
	expect((await stat(join(folder, "database-url"))).mode & 0o777).toBe(0o400);
	const { DATABASE_URL } = parseConfig({
		DATABASE_URL_FILE: join(folder, "database-url"),
	});
	expect(DATABASE_URL).toBe(first.url);
});
