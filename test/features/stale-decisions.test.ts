import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isMeant } from "../../src/features/reports/if-match.ts";
import { authorize } from "../support/authorize.ts";
import { fillTemplate } from "../support/fill-template.ts";
import {
	decide,
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";
import { tokenIn, visit } from "../support/pages.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";

const publicUrl = "http://127.0.0.1:8080";
let provider: TestProvider;
/** Where people sign in. */
let service: TestService;
/** Where nobody does. */
let open: TestService;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	service = await startService(afterAll, provider.settings(publicUrl));
	open = await startService(afterAll);
});

const failing = fillTemplate({
	"SEC-4": { status: "❌ Fail", evidence: "all three" },
});

async function etagOf(id: string, asked = open): Promise<string> {
	const headers =
		asked === service
			? { authorization: `Bearer ${await provider.mint("rita")}` }
			: {};
	const answer = await asked.ask({ url: `/api/v1/reports/${id}`, headers });
	return String(answer.headers.etag);
}

/** Decides over REST where nobody signs in. */
const patch = (
	id: string,
	status: string,
	headers: Record<string, string> = {},
	changes: object = {},
) =>
	open.ask({
		method: "PATCH",
		url: `/api/v1/reports/${id}/status`,
		payload: { status, reviewed_by: "kim@example.com", ...changes },
		headers,
	});

describe("If-Match", () => {
	test("with the ETag that was read lets the decision through, without it too", async () => {
		for (const tagsFor of [
			async (id: string) => ({ "if-match": await etagOf(id) }),
			async (id: string) => ({
				"if-match": `"other", W/"x" , ${await etagOf(id)}`,
			}),
			async () => ({ "if-match": "*" }),
			async () => ({}),
		]) {
			const { id } = await submit(open);
			const headers = (await tagsFor(id)) as Record<string, string>;
			const { status, body } = await patch(id, "approved", headers);
			expect(status, JSON.stringify(headers)).toBe(200);
			expect(body.status).toBe("approved");
		}
	});

	test("of a state before another decision is 412, and nothing is done", async () => {
		const { id } = await submit(open);
		const before = await etagOf(id);
		await decide(open, id, "rejected");
		await decide(open, id, "pending_review");
		for (const status of ["approved", "rejected", "pending_review"]) {
			const answer = await patch(id, status, { "if-match": before });
			expect(answer.status).toBe(412);
			expect(answer.body).toMatchObject({
				code: "PRECONDITION_FAILED",
				title: "Precondition Failed",
				detail: expect.stringContaining("Read it again"),
			});
		}
		const { body } = await open.ask({ url: `/api/v1/reports/${id}/decisions` });
		expect(body).toHaveLength(2);
	});

	test("never matches weakly", async () => {
		const { id } = await submit(open);
		const weak = { "if-match": `W/${await etagOf(id)}` };
		expect((await patch(id, "approved", weak)).status).toBe(412);
	});

	test.each([
		"abc",
		"",
		'"a" b',
		'"a',
		"*, *",
		'W/ "a"',
		`"${"x".repeat(3000)}"`,
	])("that is no list of ETags is 400: %j", async (given) => {
		const { id } = await submit(open);
		const { status, body } = await patch(id, "approved", {
			"if-match": given,
		});
		expect(status).toBe(400);
		expect(body.issues[0].path).toBe("if_match");
	});

	test("of an unknown report is 404 as without it", async () => {
		const unknown = "550e8400-e29b-41d4-a716-446655440000";
		for (const headers of [
			{} as Record<string, string>,
			{ "if-match": "*" },
			{ "if-match": '"a"' },
		]) {
			const { status } = await patch(unknown, "approved", headers);
			expect(status).toBe(404);
		}
	});

	test("takes as long for any text as for a short one", () => {
		const start = process.cpuUsage().user;
		for (const text of [
			'"'.repeat(2000),
			`"a"${", ".repeat(1000)}x`,
			`${"W/".repeat(1000)}"`,
		]) {
			isMeant(text, "a");
		}
		expect(process.cpuUsage().user - start).toBeLessThan(50_000);
	});

	test("sees another reviewer's approval, where people sign in; over tRPC it is a member of the input", async () => {
		const { developer_email, ...payload } = newReport({ report_data: failing });
		const as = async (who: string) => ({
			authorization: `Bearer ${await provider.mint(who)}`,
		});
		const { body: report } = await service.ask({
			method: "POST",
			url: "/api/v1/reports",
			headers: await as("dev"),
			payload,
		});
		const setStatus = async (who: string, if_match: string) =>
			service.ask({
				method: "POST",
				url: "/trpc/reports.setStatus",
				headers: await as(who),
				payload: { id: report.id, status: "approved", if_match },
			});
		const before = await etagOf(report.id, service);
		expect((await setStatus("rita", before)).status).toBe(200);
		const late = await setStatus("ron", before);
		expect(late.status).toBe(412);
		expect(late.body.error.data.code).toBe("PRECONDITION_FAILED");
		const now = await setStatus("ron", await etagOf(report.id, service));
		expect(now.body.result.data.status).toBe("approved");
	});

	test("lets one of many at the same instant through", async () => {
		for (let round = 0; round < 5; round++) {
			const { id } = await submit(open);
			await decide(open, id, "rejected");
			await decide(open, id, "pending_review");
			const headers = { "if-match": await etagOf(id) };
			const answers = await Promise.all([
				...Array.from({ length: 8 }, () => patch(id, "rejected", headers)),
				...Array.from({ length: 8 }, () => patch(id, "pending_review")),
			]);
			const statuses = answers.slice(0, 8).map(({ status }) => status);
			// Whoever reopens it meanwhile makes it pending again, and no more the same.
			expect(statuses.filter((status) => status === 200)).toHaveLength(1);
			expect(statuses.filter((status) => status === 412)).toHaveLength(7);
		}
	});
});

describe("decisions_seen", () => {
	test("lets a decision through as long as there was no other one", async () => {
		const { id } = await submit(open);
		const seen = (decisions_seen: number) =>
			patch(id, "rejected", {}, { decisions_seen });
		await decide(open, id, "rejected");
		await decide(open, id, "pending_review");
		for (const other of [0, 1, 3]) {
			const { status, body } = await seen(other);
			expect(status).toBe(409);
			expect(body.detail).toContain("has been decided since");
		}
		expect((await seen(2)).status).toBe(200);
		for (const wrong of [-1, 0.5, "2"]) {
			expect((await seen(wrong as number)).status).toBe(400);
		}
	});

	test("is checked when nobody else can decide: of many at the same instant one counts", async () => {
		for (let round = 0; round < 5; round++) {
			const { id } = await submit(open);
			const answers = await Promise.all([
				...Array.from({ length: 8 }, () =>
					patch(id, "rejected", {}, { decisions_seen: 0 }),
				),
				...Array.from({ length: 8 }, () => patch(id, "pending_review")),
			]);
			const statuses = answers.slice(0, 8).map(({ status }) => status);
			expect(statuses.filter((status) => status === 200)).toHaveLength(1);
		}
	});
});

type Browser = ReturnType<typeof visit>;

/** A browser in which this account is signed in. */
async function browserOf(account: string): Promise<Browser> {
	const browser = visit(service);
	const { headers } = await browser.open("/sign-in");
	const back = await authorize(String(headers.location), account);
	await browser.open(`${back.pathname}${back.search}`);
	return browser;
}

async function submitAsDev(report_data: string): Promise<string> {
	const { developer_email, ...payload } = newReport({ report_data });
	const { body } = await service.ask({
		method: "POST",
		url: "/api/v1/reports",
		headers: { authorization: `Bearer ${await provider.mint("dev")}` },
		payload,
	});
	return body.id;
}

async function decideAs(who: string, id: string, status: string) {
	const answer = await service.ask({
		method: "PATCH",
		url: `/api/v1/reports/${id}/status`,
		headers: { authorization: `Bearer ${await provider.mint(who)}` },
		payload: { status },
	});
	expect(answer.status).toBe(200);
}

async function statusOf(id: string): Promise<string> {
	const { status } = await service.db
		.selectFrom("mcp_server_reports")
		.where("id", "=", id)
		.select("status")
		.executeTakeFirstOrThrow();
	return status;
}

/** The fields of a page's form of a decision, as a browser would send them. */
function formIn(html: string): Record<string, string> {
	const seen = /name="decisions_seen" value="(\d+)"/.exec(html)?.[1];
	if (seen === undefined) throw new Error("the form says no state");
	return { csrf: tokenIn(html), decisions_seen: seen };
}

const typed = { status: "approved", review_notes: "Fits our\nnetwork" };

describe("a form that was opened before another decision", () => {
	test("stores nothing at either step, says what was decided since, keeps the notes, and goes on", async () => {
		for (const step of ["decide", "decision"]) {
			const id = await submitAsDev(fillTemplate());
			const rita = await browserOf("rita");
			const page = await rita.open(`/reports/${id}`);
			await decideAs("ron", id, "rejected");
			await decideAs("both", id, "pending_review");
			const late = await rita.post(`/reports/${id}/${step}`, {
				...formIn(page.html),
				...typed,
			});
			expect(late.status, step).toBe(409);
			expect(late.html).toMatch(
				/role="alert">Since this form was opened, ron@example\.com rejected this report, at [\d: -]+ UTC and both@example\.com reopened it, at [\d: -]+ UTC\. Nothing was stored, and your notes are kept below: look at the report as it is now, and decide again\.</,
			);
			expect(late.html).toContain(">\nFits our\nnetwork</textarea>");
			expect(await statusOf(id)).toBe("pending_review");

			const asked = await rita.post(`/reports/${id}/decide`, {
				...formIn(late.html),
				...typed,
			});
			expect(asked.status).toBe(200);
			const done = await rita.post(`/reports/${id}/decision`, {
				...formIn(asked.html),
				...typed,
			});
			expect(done.status).toBe(303);
			expect(await statusOf(id)).toBe("approved");
		}
	});

	test("is found out when it was confirmed before, and decided since", async () => {
		const id = await submitAsDev(fillTemplate());
		const rita = await browserOf("rita");
		const page = await rita.open(`/reports/${id}`);
		const asked = await rita.post(`/reports/${id}/decide`, {
			...formIn(page.html),
			...typed,
		});
		await decideAs("ron", id, "rejected");
		await decideAs("ron", id, "pending_review");
		const confirmation = formIn(asked.html);
		expect(confirmation.decisions_seen).toBe("0");
		const form = { ...confirmation, ...typed };
		const { status } = await rita.post(`/reports/${id}/decision`, form);
		expect(status).toBe(409);
		const change = { ...form, change: "yes" };
		const again = await rita.post(`/reports/${id}/decide`, change);
		expect(again.status).toBe(409);
		expect(again.html).toContain("Since this form was opened, ron@example.com");
		expect(await statusOf(id)).toBe("pending_review");
	});

	test("says so whatever else is wrong with it: the session, or the notes", async () => {
		const id = await submitAsDev(fillTemplate());
		const rita = await browserOf("rita");
		const form = formIn((await rita.open(`/reports/${id}`)).html);
		await decideAs("ron", id, "rejected");
		await decideAs("ron", id, "pending_review");
		const url = `/reports/${id}/decide`;
		const wrong = await rita.post(url, { ...form, status: "rejected" });
		expect(wrong.status).toBe(400);
		expect(wrong.html).toContain("Say why: the developer needs it");
		expect(wrong.html).toContain("Since this form was opened, ron@");
		const foreign = await rita.post(url, { ...form, ...typed, csrf: "x" });
		expect(foreign.status).toBe(403);
		expect(foreign.html).toContain("this form belongs to an earlier session");
		expect(foreign.html).toContain("Since this form was opened, ron@");
		// And one whose session has ended, sent again after signing in.
		rita.jar.clear();
		const ended = await rita.post(url, { ...form, ...typed });
		expect(ended.status).toBe(401);
		expect(ended.html).toContain('name="decisions_seen"');
	});

	test("is found out at the very moment of storing it", async () => {
		const id = await submitAsDev(fillTemplate());
		const rita = await browserOf("rita");
		const form = formIn((await rita.open(`/reports/${id}`)).html);
		const other = await service.db.startTransaction().execute();
		await sql`select from mcp_server_reports where id = ${id} for update`.execute(
			other,
		);
		const sent = rita.post(`/reports/${id}/decision`, { ...form, ...typed });
		// It has been looked at, and waits for its turn to be stored.
		await expect
			.poll(async () => {
				const { rows } = await sql`select from pg_stat_activity
					where datname = current_database() and wait_event_type = 'Lock'`.execute(
					service.db,
				);
				return rows.length;
			})
			.toBe(1);
		for (const [from, to] of [
			["pending_review", "rejected"],
			["rejected", "pending_review"],
		]) {
			await sql`insert into report_decisions (report_id, from_status, to_status, decided_by)
				values (${id}, ${from}, ${to}, 'ron@example.com')`.execute(other);
		}
		await sql`update mcp_server_reports set decision_count = 2 where id = ${id}`.execute(
			other,
		);
		await other.commit().execute();
		const { status, html } = await sent;
		expect(status).toBe(409);
		expect(html).toContain("Since this form was opened, ron@example.com");
		expect(await statusOf(id)).toBe("pending_review");
	});

	test("that does not say which state it showed is given back too", async () => {
		const id = await submitAsDev(fillTemplate());
		const rita = await browserOf("rita");
		const { csrf } = formIn((await rita.open(`/reports/${id}`)).html);
		for (const step of ["decide", "decision"]) {
			for (const said of [
				{},
				{ decisions_seen: "" },
				{ decisions_seen: "x" },
			]) {
				const form = { csrf, ...typed, ...said } as Record<string, string>;
				const answer = await rita.post(`/reports/${id}/${step}`, form);
				expect(answer.status).toBe(409);
				expect(answer.html).toContain("does not say which state");
				expect(answer.html).toContain(">\nFits our\nnetwork</textarea>");
			}
		}
		expect(await statusOf(id)).toBe("pending_review");
	});
});

test("two reviewers approve from forms that were opened at the same time", async () => {
	const id = await submitAsDev(failing);
	const [rita, ron] = [await browserOf("rita"), await browserOf("ron")];
	const forms = [
		[rita, await rita.open(`/reports/${id}`)],
		[ron, await ron.open(`/reports/${id}`)],
	] as const;
	for (const [, { html }] of forms) {
		expect(html).toContain("<strong>0 of 2 approvals</strong>");
		expect(html).toContain("2 reviewers must approve. A critical check fails");
	}
	for (const [browser, page] of forms) {
		const form = { ...formIn(page.html), ...typed };
		const asked = await browser.post(`/reports/${id}/decide`, form);
		expect(asked.status).toBe(200);
		const confirmed = { ...formIn(asked.html), ...typed };
		const done = await browser.post(`/reports/${id}/decision`, confirmed);
		expect(done.status).toBe(303);
	}
	expect(await statusOf(id)).toBe("approved");
});
