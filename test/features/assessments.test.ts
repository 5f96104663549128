import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allChecks, checklist } from "../../src/checklist/checklist.ts";
import { rules } from "../../src/checklist/rules.ts";
import { assess } from "../../src/features/assessments/assess.ts";
import { fillTemplate } from "../support/fill-template.ts";
import {
	type Answer,
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";
import {
	type AnyClient,
	callTool,
	connectOldClient,
} from "../support/mcp-clients.ts";

const sample = (name: string) =>
	readFileSync(`${import.meta.dirname}/../reports/${name}.md`, "utf8");

let service: TestService;
let client: AnyClient;
beforeAll(async () => {
	service = await startService(afterAll);
	client = await connectOldClient({ base: await service.listen() });
	return () => client.close();
});

const check = (payload: object) =>
	service.ask({ method: "POST", url: "/api/v1/reports/check", payload });
const read = (path: string) => service.ask({ url: `/api/v1/reports/${path}` });

describe("checking a draft", () => {
	test("the PRD's example is told what is missing, by check id, and nothing is stored", async () => {
		const list = () => service.ask({ url: "/api/v1/reports" });
		const before = (await list()).body.length;
		const { status, body } = await check({
			report_data: sample("prd-example"),
		});
		expect(status).toBe(200);
		const missing = body.findings
			.filter(({ rule }: { rule: string }) => rule === "check-missing")
			.map(({ check }: { check: string }) => check);
		expect(missing).toContain("AUTH-1");
		expect(missing).not.toContain("SEC-1");
		expect(body.trifecta).toMatchObject({ combination: "broken" });
		expect((await list()).body).toHaveLength(before);

		const tool = await callTool(client, "check_report", {
			report_markdown: sample("prd-example"),
		});
		for (const id of missing) expect(tool.text).toContain(`${id} `);
		expect(tool.text).toContain("Nothing was stored.");
	});

	test("the filled template is complete, without an error", async () => {
		const { body } = await check({ report_data: fillTemplate() });
		expect(body).toMatchObject({
			completeness: 100,
			error_count: 0,
			risk_level: "low",
		});
		const tool = await callTool(client, "check_report", {
			report_markdown: fillTemplate(),
		});
		expect(tool.text).toContain("**Completeness:** 100 %");
		expect(tool.text).toContain("No errors");
	});

	test("a header that names somebody else is noticed when the submission is known", async () => {
		const { body } = await check({
			...newReport(),
			server_name: "another-server",
			report_data: fillTemplate(),
		});
		expect(body.findings).toContainEqual(
			expect.objectContaining({ rule: expect.stringContaining("header") }),
		);
	});

	test("a draft is held to the limits of a submission", async () => {
		expect((await check({})).body.issues).toMatchObject([
			{ path: "report_data" },
		]);
		expect(
			(await check({ report_data: "x".repeat(1024 * 1024 + 1) })).status,
		).toBe(413);
	});
});

describe("a submitted report", () => {
	test("with all three legs of the trifecta is flagged over REST, in list_servers and in get_report", async () => {
		const own = await startService();
		const client = await connectOldClient({ base: await own.listen() });
		const report = await submit(own, { report_data: sample("all-three-legs") });
		const flagged = { trifecta: "complete", risk_level: "critical" };
		expect(report).toMatchObject(flagged);
		const { body: list } = await own.ask({ url: "/api/v1/reports" });
		expect(list).toMatchObject([flagged]);
		const { body: assessment } = await own.ask({
			url: `/api/v1/reports/${report.id}/assessment`,
		});
		expect(assessment).toMatchObject({
			risk_level: "critical",
			trifecta: { combination: "complete" },
		});
		const listed = await callTool(client, "list_servers");
		expect(listed.text).toContain("critical ⛔ LETHAL TRIFECTA");
		const shown = await callTool(client, "get_report", { id: report.id });
		expect(shown.text).toContain("⛔ COMPLETE: all three legs are present");
		await client.close();
	});

	test("is found by risk and by errors", async () => {
		const own = await startService();
		const clean = await submit(own, {
			server_name: "mcp-servicenow",
			repository_url: "https://github.com/intility/mcp-servicenow",
			report_data: fillTemplate(),
		});
		const risky = await submit(own, { report_data: sample("all-three-legs") });
		const ids = async (query: string) =>
			(await own.ask({ url: `/api/v1/reports?${query}` })).body.map(
				({ id }: { id: string }) => id,
			);
		expect(await ids("risk_level=critical")).toEqual([risky.id]);
		expect(await ids("risk_level=low")).toEqual([clean.id]);
		expect(await ids("has_errors=true")).toEqual([risky.id]);
		expect(await ids("has_errors=false&status=pending_review")).toEqual([
			clean.id,
		]);
		for (const query of ["risk_level=LOW", "has_errors=1"]) {
			expect((await own.ask({ url: `/api/v1/reports?${query}` })).status).toBe(
				400,
			);
		}
	});

	test("with errors is refused where only complete reports are taken, with all of them", async () => {
		const strict = await startService(undefined, {
			REQUIRE_COMPLETE_REPORT: true,
		});
		const { status, body } = await strict.ask({
			method: "POST",
			url: "/api/v1/reports",
			payload: newReport(),
		});
		expect(status).toBe(422);
		expect(body.code).toBe("UNPROCESSABLE_CONTENT");
		const { body: assessment } = await strict.ask({
			method: "POST",
			url: "/api/v1/reports/check",
			payload: newReport(),
		});
		expect(body.issues).toHaveLength(assessment.error_count);
		expect((await strict.ask({ url: "/api/v1/reports" })).body).toEqual([]);
		const complete = newReport({
			server_name: "mcp-servicenow",
			repository_url: "https://github.com/intility/mcp-servicenow",
			report_data: fillTemplate(),
		});
		expect(
			(
				await strict.ask({
					method: "POST",
					url: "/api/v1/reports",
					payload: complete,
				})
			).status,
		).toBe(201);
	});
});

describe("issues, for clients of the earlier service", () => {
	test("are the submitter's and the assessment's together", async () => {
		const critical = {
			severity: "critical",
			description: "API key in the code",
			impact: "Anyone can read",
			recommendation: "Use OBO",
			phase_id: "phase4_authentication",
			ticket: 7,
		};
		const { id } = await submit(service, {
			report_json: {
				server_info: { name: "mcp-servicenow" },
				critical_issues: [critical, null, 7],
				warnings: ["No dashboard"],
				recommendations: { not: "a list" },
			},
		});
		const { status, body } = await read(`${id}/issues`);
		expect(status).toBe(200);
		expect(body).toMatchObject({
			report_id: id,
			server_name: "mcp-servicenow",
		});
		expect(body.critical_issues[0]).toEqual(critical);
		expect(body.warnings[0]).toEqual({
			severity: "warning",
			description: "No dashboard",
		});
		expect(body.critical_issues).toContainEqual(
			expect.objectContaining({
				rule: "check-missing",
				phase_id: "policy",
				recommendation: expect.any(String),
			}),
		);
		const { body: assessment } = await read(`${id}/assessment`);
		expect(body.critical_issues).toHaveLength(1 + assessment.error_count);
		expect(body.warnings).toHaveLength(1 + assessment.warning_count);
	});

	test("are read page by page, each once, through the links", async () => {
		const { id } = await submit(service, {
			report_json: {
				critical_issues: Array(450).fill("c"),
				warnings: [{ description: "w" }],
				recommendations: Array(3).fill("r"),
			},
		});
		const { body: assessment } = await read(`${id}/assessment`);
		const pages: Answer["body"][] = [];
		let next: string | undefined = `/api/v1/reports/${id}/issues?limit=150`;
		while (next) {
			const { body, headers } = await service.ask({ url: next });
			pages.push(body);
			next = /^<([^>]+)>; rel="next"$/.exec(String(headers.link ?? ""))?.[1];
		}
		const all = (list: string) => pages.flatMap((page) => page[list]);
		expect(all("critical_issues")).toHaveLength(450 + assessment.error_count);
		expect(all("warnings")).toHaveLength(1 + assessment.warning_count);
		expect(all("recommendations")).toHaveLength(
			3 + assessment.findings.length - countFound(assessment),
		);
		expect(all("warnings")[0]).toMatchObject({ description: "w" });
		expect(pages.length).toBeGreaterThan(3);
		for (const page of pages.slice(0, -1)) {
			expect(
				page.critical_issues.length +
					page.warnings.length +
					page.recommendations.length,
			).toBe(150);
		}
	});

	test("never make an answer that is much larger than what was submitted", async () => {
		const report_json = { critical_issues: Array(90_000).fill("") };
		const { id } = await submit(service, { report_json });
		const { body } = await read(`${id}/issues`);
		expect(body.critical_issues).toHaveLength(200);
		expect(body.warnings).toEqual([]);
		const last = await read(`${id}/issues?after=90000&limit=1`);
		expect(last.body.critical_issues[0].rule).toBeDefined();
		const beyond = await read(`${id}/issues?after=1000000`);
		expect(beyond.status).toBe(200);
		expect(beyond.headers.link).toBeUndefined();
		for (const page of ["limit=0", "limit=201", "after=-1", "after=x"]) {
			expect((await read(`${id}/issues?${page}`)).status).toBe(400);
		}
	});

	test("of an unknown report are 404", async () => {
		const unknown = "00000000-0000-0000-0000-000000000000";
		expect((await read(`${unknown}/issues`)).status).toBe(404);
		expect((await read(`${unknown}/assessment`)).status).toBe(404);
	});

	test("analytics count every report once by status and once by risk, case-folded, unknown included", async () => {
		const own = await startService();
		const claim = (risk_level: string) =>
			submit(own, { report_json: { phase1_security: { risk_level } } });
		await claim("HIGH");
		await claim(" High ");
		await claim("terrible");
		await submit(own, {
			report_json: { executive_summary: { risk_level: "medium" } },
		});
		await submit(own, { report_data: sample("all-three-legs") });
		const { id } = await submit(own);
		await own.ask({
			method: "PATCH",
			url: `/api/v1/reports/${id}/status`,
			payload: { status: "approved", reviewed_by: "platform@intility.no" },
		});
		const by_risk = { low: 0, medium: 1, high: 2, critical: 1, unknown: 2 };
		expect(
			await own.ask({ url: "/api/v1/reports/analytics/summary" }),
		).toMatchObject({
			status: 200,
			body: {
				total: 6,
				by_status: { pending_review: 5, approved: 1, rejected: 0 },
				by_risk,
			},
		});
		expect(
			(await own.ask({ url: "/api/v1/reports/analytics/risk-distribution" }))
				.body,
		).toEqual(by_risk);
	});
});

describe("the checklist", () => {
	test("is served over REST with its rules", async () => {
		const { status, headers, body } = await service.ask({
			url: "/api/v1/checklist",
		});
		expect(status).toBe(200);
		expect(headers.etag).toBeTruthy();
		expect(body).toEqual({ ...checklist, rules });
	});

	test("is served as resources, whole and by phase, with completion", async () => {
		const { contents } = await client.readResource({
			uri: "golive://checklist",
		});
		const [{ text }] = contents as unknown as [{ text: string }];
		for (const { check } of allChecks) {
			expect(text).toContain(`${check.id} ${check.title} (${check.severity})`);
		}
		const phase = await client.readResource({
			uri: "golive://checklist/authentication",
		});
		expect(phase.contents[0]).toMatchObject({
			text: expect.stringContaining("## AUTH-1 On-behalf-of only (critical)"),
		});
		const { completion } = await client.complete({
			ref: { type: "ref/resource", uri: "golive://checklist/{phase}" },
			argument: { name: "phase", value: "o" },
		});
		expect(completion.values).toEqual(["observability"]);
		await expect(
			client.readResource({ uri: "golive://checklist/marketing" }),
		).rejects.toThrow("The phases are security, policy");
	});

	test("starts the guided run as a prompt", async () => {
		const { prompts } = await client.listPrompts();
		expect(prompts.map(({ name }) => name)).toEqual(["go_live"]);
		const { messages } = await client.getPrompt({ name: "go_live" });
		const text = JSON.stringify(messages);
		for (const { check } of allChecks) expect(text).toContain(check.id);
		expect(text).toContain("Never skip the security assessment");
	});
});

test("while the largest report is assessed, others are answered", async () => {
	const service = await startService();
	let isAssessed = false;
	const report_data = "| SEC-1 | ✅ Pass | yes |\n\n".repeat(35_000);
	const assessing = service
		.ask({
			method: "POST",
			url: "/api/v1/reports/check",
			payload: { report_data: report_data.slice(0, 1_000_000) },
		})
		.finally(() => {
			isAssessed = true;
		});
	for (let asked = 0; asked < 20; asked += 1) {
		expect((await service.ask({ url: "/readyz" })).status).toBe(200);
	}
	expect(isAssessed).toBe(false);
	const { status, body } = await assessing;
	expect(status).toBe(200);
	expect(body.findings.length).toBeGreaterThan(0);
});

test("a report is assessed in the same way in a process of its own", async () => {
	const service = await startService();
	const draft = newReport({
		report_data: "## Phase 1: Security\n\n- SEC-1 Private data: ✅ Pass, OBO\n",
		report_json: { critical_issues: ["none"] },
	});
	const { body } = await service.ask({
		method: "POST",
		url: "/api/v1/reports/check",
		payload: draft,
	});
	expect(body).toEqual(assess(draft));
});

/** Errors and warnings that an assessment lists. */
function countFound({ findings }: { findings: { severity: string }[] }) {
	return findings.filter(({ severity }) => severity !== "info").length;
}
