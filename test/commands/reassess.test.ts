import { sql } from "kysely";
import { expect, test } from "vitest";
import { checklist } from "../../src/checklist/checklist.ts";
import { startService, submit, type TestService } from "../support/helpers.ts";
import { runCommand } from "../support/service-process.ts";

/** What the service says of every report, by id. */
async function assessments(service: TestService) {
	const { body } = await service.ask({ url: "/api/v1/reports?limit=200" });
	return Object.fromEntries(
		await Promise.all(
			body.map(async ({ id }: { id: string }) => [
				id,
				(await service.ask({ url: `/api/v1/reports/${id}/assessment` })).body,
			]),
		),
	);
}

async function makeReports(service: TestService, count: number) {
	const reports = [];
	for (let made = 0; made < count; made++) reports.push(await submit(service));
	return reports;
}

test("assess --all assesses every report anew, more than one batch of them, and changes nothing else", async () => {
	const service = await startService();
	const [report] = await makeReports(service, 45);
	const before = await assessments(service);
	await sql`update mcp_server_reports
		set assessment = jsonb_set(assessment, '{risk_level}', '"low"')`.execute(
		service.db,
	);
	const { code, stdout } = await runCommand(["assess", "--all"], {
		DATABASE_URL: service.databaseUrl,
	});
	expect(code).toBe(0);
	expect(stdout).toContain('"count":45');
	expect(await assessments(service)).toEqual(before);
	const url = `/api/v1/reports/${report?.id}`;
	expect((await service.ask({ url })).body).toEqual(report);
});

test("assess without --all takes only what no present checklist has assessed", async () => {
	const service = await startService();
	const [old, unassessed] = await makeReports(service, 3);
	const before = await assessments(service);
	await sql`update mcp_server_reports
		set assessment = jsonb_set(assessment, '{checklist_version}', '"0.9.0"')
		where id = ${old?.id}`.execute(service.db);
	await sql`update mcp_server_reports set assessment = null
		where id = ${unassessed?.id}`.execute(service.db);
	const { code, stdout } = await runCommand(["assess"], {
		DATABASE_URL: service.databaseUrl,
	});
	expect(code).toBe(0);
	expect(stdout).toContain('"count":2');
	expect(await assessments(service)).toEqual(before);
});

test("assess goes on after a report that is too complex to read, says which it is, and ends with 1", async () => {
	const service = await startService();
	const paragraph = `${"[".repeat(199)}${"*a ".repeat(5300)}\n\n`;
	const { rows } = await sql<{ id: string }>`insert into mcp_server_reports
		(server_name, repository_url, repository_key, revision, developer_email, report_data, content_sha256)
		values ('old', 'https://github.com/example/old', 'github.com/example/old', 1,
			'alex@example.com', ${paragraph.repeat(64)}, repeat('0', 64))
		returning id`.execute(service.db);
	await makeReports(service, 2);
	const { code, stdout } = await runCommand(["assess", "--all"], {
		DATABASE_URL: service.databaseUrl,
	});
	expect(code).toBe(1);
	expect(stdout).toContain('"count":2,"refused":1');
	const refused = stdout
		.split("\n")
		.find((line) => line.includes("not assessed"));
	expect(JSON.parse(refused ?? "{}")).toMatchObject({ report_id: rows[0]?.id });
});

test("a report from before is listed as not assessed, and assessed when it is asked for", async () => {
	const service = await startService();
	const [report] = await makeReports(service, 1);
	const before = await assessments(service);
	await sql`update mcp_server_reports set assessment = null`.execute(
		service.db,
	);
	const { body } = await service.ask({ url: "/api/v1/reports" });
	expect(body).toMatchObject([
		{ risk_level: "unknown", completeness: null, error_count: null },
	]);
	for (const answer of ["true", "false"]) {
		const url = `/api/v1/reports?has_errors=${answer}`;
		expect((await service.ask({ url })).body).toEqual([]);
	}
	expect(await assessments(service)).toEqual(before);
	expect(before[report?.id ?? ""]).toMatchObject({
		checklist_version: checklist.version,
	});
});

test("a command that does not know --all refuses it", async () => {
	const { code, stderr } = await runCommand(["migrate", "--all"], {
		DATABASE_URL: "postgresql://nobody:nothing@127.0.0.1:9/nowhere",
	});
	expect(code).toBe(2);
	expect(stderr).toContain("Usage:");
});
