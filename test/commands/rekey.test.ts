import { readdir, readFile } from "node:fs/promises";
import { sql } from "kysely";
import { expect, onTestFinished, test } from "vitest";
import { drawSchema } from "../../db/draw-schema.ts";
import {
	type Database,
	openDatabase,
} from "../../src/platform/postgres/database.ts";
import { migrationSteps } from "../../src/platform/postgres/migration-steps.ts";
import { migrateDatabase } from "../../src/platform/postgres/migrations.ts";
import {
	decide,
	makeDatabase,
	startService,
	submit,
} from "../support/helpers.ts";
import { runCommand, startProcess } from "../support/service-process.ts";

const folder = new URL("../../db/migrations/", import.meta.url);

/** A database as the version before these keys left it. */
async function makeOldDatabase(): Promise<{ url: string; db: Database }> {
	const url = await makeDatabase(onTestFinished, { isMigrated: false });
	const db = openDatabase(url, { poolSize: 2 });
	onTestFinished(() => db.destroy());
	await sql`create table schema_migrations (name varchar(255) primary key, timestamp varchar(255) not null)`.execute(
		db,
	);
	const files = (await readdir(folder)).sort();
	for (const file of files.slice(0, files.indexOf("0013_canonical_keys.sql"))) {
		const name = file.replace(".sql", "");
		await sql.raw(await readFile(new URL(file, folder), "utf8")).execute(db);
		await migrationSteps[name]?.(db as never);
		await sql`insert into schema_migrations values (${name}, '2026-01-01')`.execute(
			db,
		);
	}
	return { url, db };
}

/** A report as that version wrote it: the day of submission tells its place. */
async function write(
	db: Database,
	[url, key]: [url: string, key: string],
	[revision, day]: [revision: number, day: number],
	status = "rejected",
): Promise<string> {
	const isOpen = status === "pending_review";
	const { rows } = await sql<{ id: string }>`
		insert into mcp_server_reports (server_name, repository_url, repository_key, revision,
			developer_email, report_data, content_sha256, submitted_at, status, reviewed_at, reviewed_by)
		values ('mcp', ${url}, ${key}, ${revision}, 'alex@example.com', '# Report', repeat('0', 64),
			'2026-01-01'::timestamptz + ${day}::integer * interval '1 day', ${status},
			${isOpen ? null : sql`now()`}, ${isOpen ? null : "Morgan"})
		returning id`.execute(db);
	return rows[0]?.id ?? "";
}

const plain: [string, string] = ["https://github.com/o/k", "github.com/o/k"];
const withWww: [string, string] = [
	"https://www.github.com/o/k",
	"www.github.com/o/k",
];

test("two histories of one repository that both begin at 1 become one, and nothing recorded changes", async () => {
	const { url, db } = await makeOldDatabase();
	const ids = [
		await write(db, plain, [1, 1]),
		await write(db, withWww, [1, 2]),
		await write(db, plain, [2, 3]),
		await write(db, plain, [3, 4]),
		await write(db, withWww, [2, 5], "approved"),
	];
	// What the rules refuse now keeps its key.
	const odd: [string, string] = [
		"https://git.example.com/a%2Fb",
		"git.example.com/a/b",
	];
	const refused = await write(db, odd, [1, 1], "approved");
	const recorded = () =>
		sql`select id, server_name, repository_url, repository_key, revision, submitted_at,
			status, content_sha256 from mcp_server_reports order by id`.execute(db);
	const before = (await recorded()).rows;

	await migrateDatabase(db);
	expect((await recorded()).rows).toEqual(before);
	expect(await drawSchema(db)).toBe(
		await readFile(new URL("../../db/schema.sql", import.meta.url), "utf8"),
	);
	const service = await startService(undefined, { databaseUrl: url });
	const { body: revisions } = await service.ask({
		url: `/api/v1/reports/${ids[1]}/revisions`,
	});
	expect(revisions.map((report: { id: string }) => report.id)).toEqual(ids);
	const { body: firstPage } = await service.ask({
		url: `/api/v1/reports/${ids[1]}/revisions?limit=2&after=${ids[1]}`,
	});
	expect(firstPage.map((report: { id: string }) => report.id)).toEqual(
		ids.slice(2, 4),
	);
	const { body: servers } = await service.ask({ url: "/api/v1/servers" });
	expect(
		servers.map((server: Record<string, unknown>) => [
			server.repository_key,
			server.id,
			server.live_report_id,
			server.server_status,
		]),
	).toEqual([
		["github.com/o/k", ids[4], ids[4], "approved"],
		["git.example.com/a/b", refused, refused, "approved"],
	]);
	// One is live, under either spelling; the next revision comes after the highest.
	const taken = await service.ask({
		method: "POST",
		url: "/api/v1/reports",
		payload: {
			server_name: "mcp",
			repository_url: plain[0],
			developer_email: "alex@example.com",
			report_data: "# Report",
		},
	});
	expect(taken).toMatchObject({
		status: 409,
		body: { existing_report_id: ids[4] },
	});
	await decide(service, ids[4] ?? "", "pending_review");
	await decide(service, ids[4] ?? "", "rejected");
	const next = await submit(service, { repository_url: withWww[0] });
	expect(next.revision).toBe(4);
	const found = await service.ask({
		url: `/api/v1/reports?search=${withWww[0]}`,
	});
	expect(found.body).toHaveLength(6);
});

test("two live reports of one repository stop the migration, with the command that settles each; nothing is changed", async () => {
	const { url, db } = await makeOldDatabase();
	const kept = await write(db, plain, [1, 1], "approved");
	const pending = await write(db, withWww, [1, 2], "pending_review");
	const git: [string, string] = [
		"ssh://git@github.com:2222/o/k",
		"github.com:2222/o/k",
	];
	const approved = await write(db, git, [1, 0], "approved");
	const schema = await drawSchema(db);

	for (const command of [["migrate"], ["serve"], ["rekey", "--dry-run"]]) {
		const { code, stderr } = await runCommand(command, {
			DATABASE_URL: url,
			PORT: "0",
		});
		expect(code, command.join()).toBe(1);
		expect(stderr).toContain("One server has more than one live report");
		expect(stderr).toContain(`keep   ${kept}  approved`);
		expect(stderr).toContain(`settle ${pending}  pending_review`);
		expect(stderr).toContain(`settle ${approved}  approved`);
		expect(stderr).toContain("mcp-go-live rekey --dry-run");
	}
	expect(await drawSchema(db)).toBe(schema);

	// The commands are what the service takes, of this version and of the one before.
	const { stderr } = await runCommand(["rekey", "--dry-run"], {
		DATABASE_URL: url,
	});
	const steps = [...stderr.matchAll(/reports\/([\w-]+)\/status".* -d '(.+)'/g)];
	expect(
		steps.map(([, id, body]) => [id, JSON.parse(body ?? "").status]),
	).toEqual([
		[approved, "pending_review"],
		[approved, "rejected"],
		[pending, "rejected"],
	]);
	for (const [, id = "", body = ""] of steps) {
		await sql`
			update mcp_server_reports set status = ${JSON.parse(body).status},
				reviewed_at = case when ${JSON.parse(body).status} = 'rejected' then now() end,
				reviewed_by = case when ${JSON.parse(body).status} = 'rejected' then 'Morgan' end
			where id = ${id}`.execute(db);
	}
	const settled = await runCommand(["rekey", "--dry-run"], {
		DATABASE_URL: url,
	});
	expect(settled).toMatchObject({ code: 0, stderr: "" });
	expect(settled.stdout).toBe(
		[
			"www.github.com/o/k -> github.com/o/k  (https://www.github.com/o/k)",
			"github.com:2222/o/k -> github.com/o/k  (ssh://git@github.com:2222/o/k)",
			"2 addresses would get another key.\n",
		].join("\n"),
	);
	expect(await drawSchema(db)).toBe(schema);
	expect(await runCommand(["migrate"], { DATABASE_URL: url })).toMatchObject({
		code: 0,
	});
});

test("a forge's second name is joined by rekey, without which the service does not start", async () => {
	const service = await startService();
	const DATABASE_URL = service.databaseUrl;
	const one = await submit(service, {
		repository_url: "https://git.corp.no/o/k",
	});
	const two = await submit(service, {
		repository_url: "https://gitlab.corp.no/o/k",
	});
	const alone = await submit(service, {
		repository_url: "https://git.corp.no/o/alone",
	});
	const settings = {
		DATABASE_URL,
		FORGE_ALIASES: "git.corp.no=gitlab.corp.no",
		PORT: "0",
	};
	for (const command of ["serve", "mcp"]) {
		const stale = await runCommand([command], settings);
		expect(stale.code).toBe(1);
		expect(stale.stderr).toContain("Run mcp-go-live rekey");
	}
	const clash = await runCommand(["rekey"], settings);
	expect(clash.code).toBe(1);
	expect(clash.stderr).toContain(`settle ${one.id}`);
	expect(clash.stderr).toContain(`keep   ${two.id}`);

	await decide(service, one.id, "rejected");
	const done = await runCommand(["rekey"], settings);
	expect(done).toMatchObject({ code: 0 });
	expect(done.stdout).toContain("2 addresses got another key.");
	const again = await runCommand(["rekey"], settings);
	expect(again.stdout).toBe("0 addresses got another key.\n");

	const { body: servers } = await service.ask({ url: "/api/v1/servers" });
	expect(
		servers.map((server: Record<string, unknown>) => [
			server.repository_key,
			server.id,
		]),
	).toEqual([
		["gitlab.corp.no/o/alone", alone.id],
		["gitlab.corp.no/o/k", two.id],
	]);
	const { rows: recorded } = await sql`
		select method, facade, after from audit_log where action = 'repositories_rekeyed'`.execute(
		service.db,
	);
	expect(recorded).toEqual([
		{ method: "none", facade: "command_line", after: { addresses: "2" } },
	]);
	const running = startProcess([], settings);
	await expect
		.poll(() => running.output(), { timeout: 20_000 })
		.toContain("listens on");
	running.child.kill();
	await running.ended();
});

test("the service does not start on keys by other rules than its own, and rekey sets them right", async () => {
	const service = await startService();
	const settings = {
		DATABASE_URL: service.databaseUrl,
		FORGE_ALIASES: "git.corp.no=gitlab.corp.no",
		PORT: "0",
	};
	const { id } = await submit(service, {
		repository_url: "git@gitlab.corp.no:code/scm/web/kit.git",
	});
	const page = await submit(service, {
		repository_url: "https://git.corp.no/a/b/kit",
	});
	// As versions before this one had them: one as another's, one of a page.
	await sql`alter table mcp_server_reports disable trigger user`.execute(
		service.db,
	);
	await sql`update mcp_server_reports set canonical_key = 'gitlab.corp.no/web/kit' where id = ${id}`.execute(
		service.db,
	);
	await sql`update mcp_server_reports set repository_url = 'https://git.corp.no/a/b/forks', repository_key = 'older', canonical_key = 'git.corp.no/a/b/forks' where id = ${page.id}`.execute(
		service.db,
	);
	await sql`alter table mcp_server_reports enable trigger user`.execute(
		service.db,
	);
	await sql`select rebuild_servers()`.execute(service.db);

	const stale = await runCommand(["serve"], { ...settings, FORGE_ALIASES: "" });
	expect(stale.code).toBe(1);
	expect(stale.stderr).toContain(
		"is stored as gitlab.corp.no/web/kit, but its key is gitlab.corp.no/code/scm/web/kit",
	);
	const done = await runCommand(["rekey"], settings);
	expect(done.stdout).toBe(
		[
			"gitlab.corp.no/web/kit -> gitlab.corp.no/code/scm/web/kit  (git@gitlab.corp.no:code/scm/web/kit.git)",
			// Refused now: it keeps what it has, on the host that stands for its own.
			"git.corp.no/a/b/forks -> gitlab.corp.no/a/b/forks  (https://git.corp.no/a/b/forks)",
			"2 addresses got another key.\n",
		].join("\n"),
	);
	const again = await runCommand(["rekey", "--dry-run"], settings);
	expect(again.stdout).toBe("0 addresses would get another key.\n");
	const running = startProcess([], settings);
	await expect
		.poll(() => running.output(), { timeout: 20_000 })
		.toContain("listens on");
	running.child.kill();
	await running.ended();
});
