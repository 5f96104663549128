import { readdir, readFile } from "node:fs/promises";
import type { InjectOptions } from "fastify";
import { sql } from "kysely";
import { expect, onTestFinished, test } from "vitest";
import { drawSchema } from "../../db/draw-schema.ts";
import { countRequests } from "../../src/facades/http/limits/queries.ts";
import { openDatabase } from "../../src/platform/postgres/database.ts";
import { migrationSteps } from "../../src/platform/postgres/migration-steps.ts";
import { migrateDatabase } from "../../src/platform/postgres/migrations.ts";
import { makeDatabase, startService } from "../support/helpers.ts";
import { startProvider } from "../support/provider.ts";
import { seedReports, seedRevisions } from "../support/seed.ts";

const folder = new URL("../../db/migrations/", import.meta.url);

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
	const migrate = async (file = "") => {
		await sql.raw(await readFile(new URL(file, folder), "utf8")).execute(db);
		await migrationSteps[file.replace(".sql", "")]?.(db as never);
	};
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
	const { rows: decided } = await sql`
		select status, decision_count, count(*)::int as reports from mcp_server_reports
		where server_name like 'mcp-_%' and server_name <> 'mcp-rejected'
		group by status, decision_count order by status`.execute(db);
	expect(decided).toEqual([
		{ status: "approved", decision_count: 1, reports: 327 },
		{ status: "pending_review", decision_count: 0, reports: 10 },
		{ status: "rejected", decision_count: 1, reports: 163 },
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
	const [...files] = (await readdir(folder)).sort();
	const after = files.splice(6).map((file) => file.replace(".sql", ""));
	expect(after.slice(0, 2)).toEqual([
		"0007_search_at_once",
		"0008_constraint_names",
	]);
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

	expect(await migrateDatabase(db)).toEqual(after);
	expect(await drawSchema(db)).toBe(await read("../schema.sql"));
	expect(await countRequests(db, "somebody", 1, 1000)).toMatchObject({
		requests: 1,
	});
});

test("nobody loses a report when owners become issuer and subject", async () => {
	const provider = await startProvider("http://127.0.0.1:8080");
	const url = await makeDatabase(onTestFinished, { isMigrated: false });
	const db = open(url);
	const files = (await readdir(folder)).sort().slice(0, 8);
	await sql`create table schema_migrations (name varchar(255) primary key, timestamp varchar(255) not null)`.execute(
		db,
	);
	for (const file of files) {
		await sql.raw(await readFile(new URL(file, folder), "utf8")).execute(db);
		await sql`insert into schema_migrations values (${file.replace(".sql", "")}, '2026-01-01')`.execute(
			db,
		);
	}
	/** A row as the version before wrote it. */
	const submitted = async (
		email: string,
		subject: string | null,
		status = "pending_review",
	) => {
		const isDecided = status !== "pending_review";
		const { rows } = await sql<{ id: string }>`
			insert into mcp_server_reports (server_name, repository_url, repository_key, revision,
				developer_email, report_data, content_sha256, status, reviewed_at, reviewed_by, submitted_by_subject)
			select 'mcp', 'https://' || key, key, 1, ${email}, '# Report', repeat('0', 64), ${status},
				${isDecided ? sql`now()` : null}, ${isDecided ? "Morgan" : null}, ${subject}
			from (select 'example.com/' || gen_random_uuid()) as made (key)
			returning id`.execute(db);
		return rows[0]?.id ?? "";
	};
	const dev = `${provider.issuer} dev`;
	const signedIn = await submitted("dev@example.com", dev);
	const decided = await submitted("dev@example.com", dev, "approved");
	const renamed = await submitted("dev-before@example.com", dev, "rejected");
	const spaced = await submitted(
		"spaced@example.com",
		`${provider.issuer} a subject with spaces`,
	);
	const unclaimed = await submitted("DEV@Example.com", null);
	const åsas = await submitted("Åsa@Bücher.no", null, "approved");
	const addressless = await submitted("kari\uFE0F@example.com", null);
	await sql`insert into people (subject, email, roles) values
		(${dev}, 'Dev@example.com', '{developer}'),
		(${`${provider.issuer} odd`}, 'no address', '{developer}')`.execute(db);
	await sql`
		insert into report_approvals (report_id, round, approved_by, approver_subject) values
		(${signedIn}, 0, 'ÅSA@bücher.no', 'https://old.example.com åsa'),
		(${decided}, 0, 'no address', 'https://old.example.com odd')`.execute(db);
	await sql`update mcp_server_reports set approvals = 1 where id = ${signedIn}`.execute(
		db,
	);
	const { rows: before } =
		await sql`select id, status, reviewed_at, developer_email, submitted_at from mcp_server_reports order by id`.execute(
			db,
		);

	expect(await migrateDatabase(db)).toContain("0009_persons");

	expect(await drawSchema(db)).toBe(
		await readFile(new URL("../schema.sql", folder), "utf8"),
	);
	const { rows: after } =
		await sql`select id, status, reviewed_at, developer_email, submitted_at from mcp_server_reports order by id`.execute(
			db,
		);
	expect(after).toEqual(before);
	const reports = await db
		.selectFrom("mcp_server_reports")
		.select([
			"id",
			"owner_issuer",
			"owner_sub",
			"submitter_canonical",
			"claimed_at",
		])
		.execute();
	const of = (id: string) => reports.find((report) => report.id === id);
	const owned = {
		owner_issuer: provider.issuer,
		owner_sub: "dev",
		claimed_at: null,
	};
	expect(of(signedIn)).toMatchObject({
		...owned,
		submitter_canonical: "dev@example.com",
	});
	expect(of(decided)).toMatchObject(owned);
	expect(of(renamed)).toMatchObject({
		...owned,
		submitter_canonical: "dev-before@example.com",
	});
	expect(of(spaced)).toMatchObject({
		owner_issuer: provider.issuer,
		owner_sub: "a subject with spaces",
	});
	const nobodys = { owner_issuer: null, owner_sub: null, claimed_at: null };
	expect(of(unclaimed)).toMatchObject({
		...nobodys,
		submitter_canonical: "dev@example.com",
	});
	expect(of(åsas)).toMatchObject({
		...nobodys,
		submitter_canonical: "åsa@xn--bcher-kva.no",
	});
	expect(of(addressless)).toMatchObject({
		...nobodys,
		submitter_canonical: null,
	});
	const addresses = async (
		table: "people" | "report_approvals",
		column: string,
	) =>
		(
			await sql<{
				address: string;
			}>`select ${sql.ref(column)} as address from ${sql.table(table)} order by 1`.execute(
				db,
			)
		).rows.map(({ address }) => address);
	expect(await addresses("people", "email_canonical")).toEqual([
		"dev@example.com",
		null,
	]);
	expect(await addresses("report_approvals", "approver_canonical")).toEqual([
		"åsa@xn--bcher-kva.no",
		null,
	]);
	for (const rewriting of [
		"update report_approvals set approver_canonical = null",
		"update mcp_server_reports set submitter_canonical = null",
		"update mcp_server_reports set developer_email = 'other'",
	]) {
		await expect(sql.raw(rewriting).execute(db), rewriting).rejects.toThrow(
			/immutable history/,
		);
	}

	const service = await startService(undefined, {
		...provider.settings("http://127.0.0.1:8080"),
		databaseUrl: url,
	});
	const ask = async (who: string, request: InjectOptions, changes = {}) => {
		const authorization = `Bearer ${await provider.mint(who, changes)}`;
		return service.ask({ ...request, headers: { authorization } });
	};
	const list = async (changes = {}) =>
		(await ask("dev", { url: "/api/v1/reports" }, changes)).body
			.map(({ id }: { id: string }) => id)
			.sort();
	expect(await list()).toEqual([signedIn, decided, renamed, unclaimed].sort());
	expect(
		await list({ sub: "a subject with spaces", email: "spaced@example.com" }),
	).toEqual([spaced]);
	expect(await list({ sub: "another", email: "dev@example.com" })).toEqual([]);
	expect(await list({ sub: "åsa", email: "åsa@bücher.no" })).toEqual([åsas]);
	// The approval of before is still hers.
	const again = await ask(
		"rita",
		{
			method: "PATCH",
			url: `/api/v1/reports/${signedIn}/status`,
			payload: { status: "approved" },
		},
		{ sub: "åsa anew", email: "A\u030ASA@xn--bcher-kva.no" },
	);
	expect(again.status).toBe(409);
});

test("every step in TypeScript belongs to a migration", async () => {
	const files = await readdir(folder);
	for (const name of Object.keys(migrationSteps)) {
		expect(files).toContain(`${name}.sql`);
	}
});

test("a database that is newer than the code is refused with a sentence", async () => {
	const db = open(await makeDatabase());
	await sql`insert into schema_migrations (name, timestamp) values ('9999_from_the_future', '2099-01-01')`.execute(
		db,
	);
	await expect(migrateDatabase(db)).rejects.toThrow(
		"The database is newer than this version of MCP Go-Live: it has migration 9999_from_the_future, which this version does not know. Start a version that does, or give this one a database of its own.",
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
