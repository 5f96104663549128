import { readdir, readFile } from "node:fs/promises";
import { sql } from "kysely";
import { expect, onTestFinished, test } from "vitest";
import { drawSchema } from "../db/draw-schema.ts";
import { openDatabase } from "../src/database.ts";
import { countRequest } from "../src/limits/queries.ts";
import { migrateDatabase } from "../src/migrations.ts";
import { makeDatabase } from "./helpers.ts";
import { seedReports, seedRevisions } from "./seed.ts";

const folder = new URL("../db/migrations/", import.meta.url);

function open(url: string) {
	const db = openDatabase(url, { poolSize: 3 });
	onTestFinished(() => db.destroy());
	return db;
}

test("ten instances that start at once bring an empty database to this version together", async () => {
	const url = await makeDatabase(onTestFinished, { isMigrated: false });
	const instances = Array.from({ length: 10 }, () => open(url));
	const applied = await Promise.all(instances.map(migrateDatabase));
	const files = (await readdir(folder)).filter((file) => /\.sql$/.test(file));
	expect(applied.flat().sort()).toEqual(
		files.map((file) => file.replace(".sql", "")).sort(),
	);
});

test("a database that is up to date is left as it is", async () => {
	const db = open(await makeDatabase());
	expect(await migrateDatabase(db)).toEqual([]);
});

test("reports from before there were counts and servers are counted, and have their servers", async () => {
	const db = open(await makeDatabase(onTestFinished, { isMigrated: false }));
	const files = (await readdir(folder)).sort();
	const [at, ...after] = files.splice(2);
	expect(at).toBe("0003_review_desk.sql");
	const migrate = async (file = "") =>
		sql.raw(await readFile(new URL(file, folder), "utf8")).execute(db);
	for (const file of files) await migrate(file);
	await seedReports(db, 500);
	await seedRevisions(db, "github.com/example/often-rejected", 3);
	for (const file of [at, ...after]) await migrate(file);

	const { rows: counts } = await sql`
		select status, sum(reports)::int as reports from report_counts group by status order by status`.execute(
		db,
	);
	expect(counts).toEqual([
		{ status: "approved", reports: 327 },
		{ status: "pending_review", reports: 10 },
		{ status: "rejected", reports: 166 },
	]);
	const { rows: servers } = await sql`
		select server.status, count(*)::int as servers, max(revision) as revision, count(live_report_id)::int as live
		from mcp_servers as server join mcp_server_reports as report on report.id = newest_report_id
		group by server.status order by server.status`.execute(db);
	expect(servers).toEqual([
		{ status: "approved", servers: 327, revision: 1, live: 327 },
		{ status: "pending_review", servers: 10, revision: 1, live: 10 },
		{ status: "rejected", servers: 164, revision: 3, live: 0 },
	]);
});

test("a database whose constraints have their former names becomes like every other", async () => {
	const db = open(await makeDatabase(onTestFinished, { isMigrated: false }));
	const read = (file: string) => readFile(new URL(file, folder), "utf8");
	const renaming = await read("0008_constraint_names.sql");
	const former = [
		...renaming.matchAll(/'(?<old>\w+)', '(?<now>\w+)'\]/g),
		...renaming.matchAll(/EXISTS (?<old>\w+) RENAME TO (?<now>\w+)/g),
	].map(({ groups }) => [groups?.old ?? "", groups?.now ?? ""] as const);
	expect(former).toHaveLength(28);
	const all = (await readdir(folder)).sort();
	const files = all.slice(0, 6);
	await sql`create table schema_migrations (name varchar(255) primary key, timestamp varchar(255) not null)`.execute(
		db,
	);
	for (const file of files) {
		const text = former.reduce(
			(text, [old, now]) =>
				text.replaceAll(new RegExp(`\\b${now}\\b`, "g"), old),
			await read(file),
		);
		await sql.raw(text).execute(db);
		await sql`insert into schema_migrations values (${file.replace(".sql", "")}, '2026-01-01')`.execute(
			db,
		);
	}
	expect(await drawSchema(db)).toContain("CONSTRAINT rate_limits_pkey");

	expect(await migrateDatabase(db)).toEqual(
		all.slice(6).map((file) => file.replace(".sql", "")),
	);
	expect(await drawSchema(db)).toBe(await read("../schema.sql"));
	expect(await countRequest(db, "somebody", 1000)).toMatchObject({
		requests: 1,
	});
});

test("a database that is newer than the code is refused with a sentence", async () => {
	const db = open(await makeDatabase());
	await sql`insert into schema_migrations (name, timestamp) values ('9999_from_the_future', '2099-01-01')`.execute(
		db,
	);
	await expect(migrateDatabase(db)).rejects.toThrow(
		"The database is newer than this version of MCP Go-Live: it holds migration 9999_from_the_future, which this version does not know. Start a version that does, or give this one a database of its own.",
	);
});

test("migrations are numbered without gaps, and each opens by saying why", async () => {
	const files = (await readdir(folder)).sort();
	expect(files.length).toBeGreaterThan(0);
	for (const [index, file] of files.entries()) {
		expect(file).toMatch(/^\d{4}_[a-z0-9_]+\.sql$/);
		expect(Number(file.slice(0, 4)), file).toBe(index + 1);
		const text = await readFile(new URL(file, folder), "utf8");
		expect(text, file).toMatch(/^-- Why: \S/);
	}
});
