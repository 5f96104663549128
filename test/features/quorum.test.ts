import { readdir, readFile } from "node:fs/promises";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assess } from "../../src/features/assessments/assess.ts";
import {
	approvalsRequired,
	type Gravity,
	gravityOf,
	requirementOf,
} from "../../src/features/reports/quorum.ts";
import { fillTemplate } from "../support/fill-template.ts";
import {
	newReport,
	startService,
	submit as submitByNobody,
	type TestService,
} from "../support/helpers.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";
import { runCommand } from "../support/service-process.ts";

const publicUrl = "http://127.0.0.1:8080";
let provider: TestProvider;
let service: TestService;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	service = await startService(afterAll, provider.settings(publicUrl));
});

const clear = fillTemplate();
const failing = fillTemplate({
	"SEC-4": { status: "❌ Fail", evidence: "all three" },
});
const unanswered = fillTemplate({ "SEC-4": null });
/** The settings as they are when nobody sets them. */
const usual = { APPROVAL_QUORUM: 2, APPROVAL_QUORUM_UNKNOWN: undefined };

/** The same service with another setting. */
const withSettings = (settings: object) =>
	startService(undefined, {
		...provider.settings(publicUrl),
		databaseUrl: service.databaseUrl,
		...settings,
	});

async function ask(
	who: string,
	url: string,
	payload?: object,
	asked: TestService = service,
) {
	const { body, status } = await asked.ask({
		method: payload ? (url.endsWith("/status") ? "PATCH" : "POST") : "GET",
		url: `/api/v1${url}`,
		headers: { authorization: `Bearer ${await provider.mint(who)}` },
		...(payload && { payload }),
	});
	expect(status, JSON.stringify(body)).toBeLessThan(300);
	return body;
}

async function submit(
	report_data: string,
	repository_url?: string,
	asked = service,
	subfolder?: string,
): Promise<{ id: string; repository_url: string }> {
	const { developer_email, ...report } = newReport({
		report_data,
		...(repository_url && { repository_url }),
		...(subfolder && { subfolder }),
	});
	return ask("dev", "/reports", report, asked);
}

const approvalsOf = (id: string, asked = service) =>
	ask("rita", `/reports/${id}/approvals`, undefined, asked);

const decide = (who: string, id: string, status: string, asked = service) =>
	ask(who, `/reports/${id}/status`, { status, review_notes: "x" }, asked);

const withdraw = (id: string) => ask("dev", `/reports/${id}/withdraw`, {});

/** Stores what another version of the rules would have said. */
async function storeAssessment(id: string, text: string): Promise<void> {
	const assessment = JSON.stringify(assess({ report_data: text }));
	await sql`update mcp_server_reports set assessment = ${assessment}::jsonb
		where id = ${id}`.execute(service.db);
}

describe("what a report takes", () => {
	const answered: Gravity = {
		critical_failures: 0,
		critical_unanswered: 0,
		trifecta: "broken",
	};
	test.each<[what: string, Partial<Gravity>, number, number]>([
		["everything answered, nothing grave", {}, 1, 1],
		["a critical failure", { critical_failures: 1 }, 2, 2],
		["the whole trifecta", { trifecta: "complete" }, 2, 2],
		["an unclear trifecta", { trifecta: "unknown" }, 2, 3],
		["an unanswered critical check", { critical_unanswered: 1 }, 2, 3],
		["no assessment", { critical_unanswered: null }, 2, 3],
		[
			"a failure and something unanswered",
			{ critical_failures: 1, critical_unanswered: 4 },
			2,
			3,
		],
	])("by %s", (_what, changes, required, stricter) => {
		const report = { ...answered, ...changes };
		expect(approvalsRequired(report, usual)).toBe(required);
		const own = { ...usual, APPROVAL_QUORUM_UNKNOWN: 3 };
		expect(approvalsRequired(report, own)).toBe(stricter);
	});

	test("may be less for what is unknown, where the house says so, and never less than one", () => {
		const lax = { APPROVAL_QUORUM: 2, APPROVAL_QUORUM_UNKNOWN: 1 };
		const unknown = { ...answered, critical_unanswered: 9 };
		expect(approvalsRequired(unknown, lax)).toBe(1);
		expect(approvalsRequired({ ...unknown, critical_failures: 1 }, lax)).toBe(
			2,
		);
	});

	test("of a decided report is what it took then", () => {
		const report = { ...answered, critical_failures: 1 };
		for (const [status, required] of [
			["pending_review", 3],
			["approved", 1],
		] as const) {
			const decided = { ...report, status, approvals_required: 1 };
			const quorum = { ...usual, APPROVAL_QUORUM: 3 };
			expect(requirementOf(decided, quorum).required).toBe(required);
		}
	});

	test("is read by the database as by the code, of every report here, and of what is none", async () => {
		const folder = new URL("../reports/", import.meta.url);
		const files = (await readdir(folder)).filter((file) => /md$/.test(file));
		for (const file of files) {
			const text = await readFile(new URL(file, folder), "utf8");
			const assessment = assess({ report_data: text });
			expect(await readByDatabase(JSON.stringify(assessment)), file).toEqual(
				gravityOf(assessment),
			);
		}
		for (const [assessment, critical_unanswered] of [
			[null, null],
			["{}", null],
			['{"phases": [{"checks": [{"severity": "required"}]}]}', null],
			// Whatever is no answer is none.
			['{"phases": [{"checks": [{"severity": "critical"}]}]}', 1],
			[
				'{"phases": [{"checks": [{"severity": "critical", "status": 5}, {"severity": "critical", "status": "pass"}]}]}',
				1,
			],
		] as const) {
			expect(await readByDatabase(assessment)).toMatchObject({
				critical_unanswered,
				trifecta: "unknown",
			});
		}
	});

	/** What the generated columns make of an assessment. */
	async function readByDatabase(assessment: string | null) {
		const { id } = await submit(clear);
		const { rows } = await sql`update mcp_server_reports
			set assessment = ${assessment}::jsonb where id = ${id}
			returning coalesce(critical_failures, 0) as critical_failures,
				critical_unanswered, trifecta`.execute(service.db);
		return rows[0];
	}
});

test("a report that answers nothing takes as many reviewers as an honest failing one, and says why", async () => {
	for (const [text, reason] of [
		["# Report\n\nAll is well.", /critical checks are not answered and it is/],
		[unanswered, /^A critical check is not answered/],
		[failing, /^A critical check fails/],
	] as const) {
		const { id } = await submit(text);
		const { required, reason: given } = await approvalsOf(id);
		expect(required).toBe(2);
		expect(given).toMatch(reason);
		expect((await decide("rita", id, "approved")).status).toBe(
			"pending_review",
		);
		expect((await decide("ron", id, "approved")).status).toBe("approved");
	}
	const { id } = await submit(clear);
	expect(await approvalsOf(id)).toMatchObject({ required: 1, reason: null });
	expect((await decide("rita", id, "approved")).status).toBe("approved");
});

describe("what a review takes", () => {
	test("rises with the setting and does not sink with it", async () => {
		const { id } = await submit(failing);
		const three = await withSettings({ APPROVAL_QUORUM: 3 });
		expect((await approvalsOf(id, three)).required).toBe(3);
		await decide("rita", id, "approved", three);
		const one = await withSettings({ APPROVAL_QUORUM: 1 });
		expect(await approvalsOf(id, one)).toMatchObject({
			required: 3,
			reason: expect.stringContaining("That number never falls"),
		});
		expect((await decide("ron", id, "approved", one)).status).toBe(
			"pending_review",
		);
		expect((await decide("both", id, "approved", one)).status).toBe("approved");
	});

	test("is that of its beginning, when the setting is lowered before anybody approves", async () => {
		const { id } = await submit(failing);
		const one = await withSettings({ APPROVAL_QUORUM: 1 });
		expect((await approvalsOf(id, one)).required).toBe(2);
		const { status } = await decide("rita", id, "approved", one);
		expect(status).toBe("pending_review");
	});

	test("rises with an assessment by other rules and does not sink with it", async () => {
		const { id } = await submit(clear);
		expect((await approvalsOf(id)).required).toBe(1);
		await storeAssessment(id, failing);
		expect((await approvalsOf(id)).required).toBe(2);
		await decide("rita", id, "approved");
		await storeAssessment(id, clear);
		expect(await approvalsOf(id)).toMatchObject({ required: 2 });
		expect((await decide("ron", id, "approved")).status).toBe("approved");
	});

	test("is kept by assess --all before it takes what says less, of reports from before, too", async () => {
		const { id } = await submit(clear);
		await storeAssessment(id, failing);
		const open = await startService(undefined, {
			databaseUrl: service.databaseUrl,
		});
		const old = await submitByNobody(open, { report_data: clear });
		await storeAssessment(old.id, failing);
		const {
			OIDC_ISSUER,
			OIDC_AUDIENCE,
			OIDC_APPROVING_CLIENTS: _,
			...settings
		} = provider.settings(publicUrl);
		const { code, stderr } = await runCommand(["assess", "--all"], {
			...settings,
			OIDC_ISSUER: OIDC_ISSUER.join(),
			OIDC_AUDIENCE: OIDC_AUDIENCE.join(),
			DATABASE_URL: service.databaseUrl,
		});
		expect(code, stderr).toBe(0);
		for (const report of [id, old.id]) {
			expect(await ask("rita", `/reports/${report}/approvals`)).toMatchObject({
				required: 2,
				reason: expect.stringContaining("when this review began"),
			});
		}
	});

	test("cannot be lowered in the database either", async () => {
		const { id } = await submit(failing);
		for (const less of [sql`1`, sql`null`]) {
			await expect(
				sql`update mcp_server_reports set approvals_required = ${less}
					where id = ${id}`.execute(service.db),
			).rejects.toThrow("immutable history");
		}
	});
});

describe("for thirty days, the repository's next revisions take as many", () => {
	test("after a withdrawal, or a rejection; and then as they do by themselves", async () => {
		const { id, repository_url } = await submit(failing);
		await withdraw(id);
		const second = await submit(clear, `${repository_url}.git`);
		expect(await approvalsOf(second.id)).toMatchObject({
			required: 2,
			reason: expect.stringContaining("another revision"),
		});
		// Another folder is another server, and the same repository: in whatever order.
		const twice = `${repository_url}-twice`;
		const before = await submit(clear, twice, service, "a");
		expect((await approvalsOf(before.id)).required).toBe(1);
		const open = await submit(failing, twice, service, "b");
		const after = await submit(clear, twice, service, "c");
		for (const { id } of [before, open, after]) {
			expect((await approvalsOf(id)).required).toBe(2);
		}
		await withdraw(open.id);
		for (const { id } of [before, after]) {
			expect((await approvalsOf(id)).required).toBe(2);
			expect(await decide("rita", id, "approved")).toMatchObject({
				status: "pending_review",
				approvals: 1,
			});
		}
		const elsewhere = await submit(
			clear,
			repository_url,
			service,
			"packages/b",
		);
		expect((await approvalsOf(elsewhere.id)).required).toBe(2);
		await withdraw(elsewhere.id);
		await decide("rita", second.id, "approved");
		await decide("ron", second.id, "rejected");
		const third = await submit(clear, repository_url);
		expect((await approvalsOf(third.id)).required).toBe(2);
		await withdraw(third.id);
		await sql`update mcp_server_reports
			set reviewed_at = now() - interval '30 days 1 minute'
			where repository_key = (select repository_key from mcp_server_reports where id = ${id})`.execute(
			service.db,
		);
		const late = await submit(clear, repository_url);
		expect(await approvalsOf(late.id)).toMatchObject({ required: 1 });
		expect((await decide("rita", late.id, "approved")).status).toBe("approved");
	});

	test("also after a review by another setting, and of a report that nobody has numbered", async () => {
		const three = await withSettings({ APPROVAL_QUORUM: 3 });
		const { id, repository_url } = await submit(failing, undefined, three);
		await withdraw(id);
		const second = await submit(clear, repository_url);
		expect((await approvalsOf(second.id)).required).toBe(3);

		const open = await startService(undefined, {
			databaseUrl: service.databaseUrl,
		});
		const old = await submitByNobody(open, {
			report_data: failing,
			developer_email: "dev@example.com",
		});
		expect((await approvalsOf(old.id)).required).toBe(2);
		await decide("rita", old.id, "rejected");
		const next = await submit(clear, old.repository_url);
		expect((await approvalsOf(next.id)).required).toBe(2);
	});

	test("and so does the report itself when it is reopened", async () => {
		const { id } = await submit(failing);
		await decide("rita", id, "rejected");
		await storeAssessment(id, clear);
		await decide("rita", id, "pending_review");
		expect((await approvalsOf(id)).required).toBe(2);
		await decide("rita", id, "rejected");
		await sql`update mcp_server_reports
			set reviewed_at = now() - interval '31 days' where id = ${id}`.execute(
			service.db,
		);
		await decide("rita", id, "pending_review");
		expect((await approvalsOf(id)).required).toBe(1);
	});
});

test("where nobody signs in, one decision decides, and no number is kept", async () => {
	const open = await startService();
	const report = await submitByNobody(open, { report_data: failing });
	const url = `/api/v1/reports/${report.id}`;
	const { body: approvals } = await open.ask({ url: `${url}/approvals` });
	expect(approvals).toEqual({ required: 1, reason: null, recorded: [] });
	const { body } = await open.ask({
		method: "PATCH",
		url: `${url}/status`,
		payload: { status: "approved", reviewed_by: "kim@example.com" },
	});
	expect(body.status).toBe("approved");
	const { rows } =
		await sql`select approvals_required from mcp_server_reports`.execute(
			open.db,
		);
	expect(rows).toEqual([{ approvals_required: null }]);
});

test("a model is told how many a report takes, why, and who has approved", async () => {
	const { id } = await submit(failing);
	await decide("rita", id, "approved");
	const call = async (name: string, args: object) => {
		const { body } = await service.ask({
			method: "POST",
			url: "/mcp",
			headers: {
				authorization: `Bearer ${await provider.mint("ron", { aud: `${publicUrl}/mcp` })}`,
				accept: "application/json, text/event-stream",
			},
			payload: {
				jsonrpc: "2.0",
				id: 1,
				method: "tools/call",
				params: { name, arguments: { id, ...args } },
			},
		});
		return body.result.content[0].text;
	};
	expect(await call("get_report", {})).toContain(
		"**Approvals:** 1 of 2, by rita@example.com. A critical check fails",
	);
	expect(await call("review_report", { status: "approved" })).toContain(
		"**Required:** 2 reviewers. A critical check fails",
	);
	await decide("ron", id, "approved");
	expect(await call("get_report", {})).not.toContain("**Approvals:**");
});
