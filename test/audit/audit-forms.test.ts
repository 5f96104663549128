import { readdirSync, readFileSync } from "node:fs";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authorize } from "../support/authorize.ts";
import { fillTemplate } from "../support/fill-template.ts";
import {
	newReport,
	startService,
	submit,
	type TestService,
} from "../support/helpers.ts";
import { tokenIn, visit } from "../support/pages.ts";
import { startProvider, type TestProvider } from "../support/provider.ts";

const publicUrl = "http://127.0.0.1:8080";
let provider: TestProvider;
let service: TestService;
let seen = 0;

beforeAll(async () => {
	provider = await startProvider(publicUrl, afterAll);
	service = await startService(afterAll, {
		...provider.settings(publicUrl),
	});
});

interface Row {
	actor: string | null;
	action: string;
	target: string | null;
	report_id: string | null;
	detail: string;
}

/** What was recorded since this was asked last, but for what was done and who signed in. */
async function newRefusals(asked = service): Promise<Row[]> {
	const { rows } = await sql<Row & { seq: number }>`
		select seq::int, actor, action, target, report_id, after->>'detail' as detail
		from audit_log where seq > ${asked === service ? seen : 0} order by seq`.execute(
		asked.db,
	);
	if (asked === service) seen = rows.at(-1)?.seq ?? seen;
	return rows
		.filter(({ action }) => action.endsWith("_refused"))
		.map(({ seq: _, ...row }) => row);
}

/** A browser in which this account is signed in. */
async function browserOf(account: string) {
	const browser = visit(service);
	const { headers } = await browser.open("/sign-in");
	const back = await authorize(String(headers.location), account);
	await browser.open(`${back.pathname}${back.search}`);
	return browser;
}

async function submitAs(who: string): Promise<string> {
	const report_data = fillTemplate();
	const { developer_email, ...payload } = newReport({ report_data });
	const { body } = await service.ask({
		method: "POST",
		url: "/api/v1/reports",
		headers: { authorization: `Bearer ${await provider.mint(who)}` },
		payload,
	});
	return body.id;
}

/** Has a model ask for an approval with this account's token; the path of the link. */
async function askForLink(who: string, id: string): Promise<string> {
	const token = await provider.mint(who, { aud: `${publicUrl}/mcp` });
	const { body } = await service.ask({
		method: "POST",
		url: "/mcp",
		headers: {
			authorization: `Bearer ${token}`,
			accept: "application/json, text/event-stream",
		},
		payload: {
			jsonrpc: "2.0",
			id: 1,
			method: "tools/call",
			params: { name: "review_report", arguments: { id, status: "approved" } },
		},
	});
	const { text } = body.result.content[0];
	return /(\/confirm\/[0-9a-f]{64})\n/.exec(text)?.[1] ?? "";
}

/** Every form of the pages; the one that no page sends proves itself by its token. */
const forms = [
	"/confirm/:token",
	"/reports/:id/decide",
	"/reports/:id/decision",
	"/reports/:id/withdraw",
	"/reports/:id/withdrawal",
	"/sessions/:id/end",
	"/sessions/end-all",
	"/sessions/end-access",
	"/sign-out",
	"/tokens",
	"/tokens/service",
	"/tokens/:id/revoke",
];

test("every form of the pages is tried here", () => {
	const folder = new URL("../../src/facades/web/routes/", import.meta.url);
	const found = readdirSync(folder)
		.filter((file) => file.endsWith("routes.ts"))
		.flatMap((file) => {
			const text = readFileSync(new URL(file, folder), "utf8");
			return [
				...text.matchAll(/scope\.post\(\s*"([^"]+)"/g),
				...text.matchAll(/mountForm\(\s*scope,\s*site,\s*"([^"]+)"/g),
			].map(([, url]) => url);
		})
		.filter((url) => url !== "/sign-out/back-channel");
	expect(found.sort()).toEqual(forms.toSorted());
});

describe("a form is recorded as refused", () => {
	test.each(forms)("%s, of another session", async (route) => {
		const id = await submitAs("dev");
		// Whom the page that comes back with it refuses nothing.
		const who = route === "/tokens/service" ? "adm" : "rita";
		const browser = await browserOf(who);
		await newRefusals();
		const { status } = await browser.post(route.replace(/:\w+/, id), {
			csrf: "of another session",
			status: "approved",
			decisions_seen: "0",
		});
		expect(status).toBe(403);
		expect(await newRefusals()).toEqual([
			{
				actor: `${who}@example.com`,
				action: "form_refused",
				target: route,
				report_id: route.startsWith("/reports/") ? id : null,
				detail: expect.stringMatching(
					/^(The form belongs|Nothing was stored: this form belongs) to an(other| earlier) session/,
				),
			},
		]);
	});

	test.each([
		["another site", { origin: "https://evil.example.com" }],
		[
			"a page that the browser calls another site's",
			{ "sec-fetch-site": "cross-site" },
		],
	])("from %s", async (_title, headers) => {
		const browser = await browserOf("rita");
		await newRefusals();
		const { status } = await browser.post("/sessions/end-all", {}, headers);
		expect(status).toBe(403);
		expect(await newRefusals()).toMatchObject([
			{ action: "form_refused", target: "/sessions/end-all" },
		]);
	});

	test("that comes too late, and that which was in time is not", async () => {
		const id = await submitAs("dev");
		const [rita, ron] = [await browserOf("rita"), await browserOf("ron")];
		const csrf = await rita.tokenOf(id);
		const form = {
			status: "rejected",
			review_notes: "No.",
			decisions_seen: "0",
		};
		const url = `/reports/${id}/decision`;
		const first = await ron.post(url, { ...form, csrf: await ron.tokenOf(id) });
		expect(first.status).toBe(303);
		await newRefusals();
		expect((await rita.post(url, { ...form, csrf })).status).toBe(409);
		expect(await newRefusals()).toEqual([
			{
				actor: "rita@example.com",
				action: "form_refused",
				target: "/reports/:id/decision",
				report_id: id,
				detail: "The report was decided since the form was opened.",
			},
		]);
	});

	test("by its procedure, once: as what was tried", async () => {
		const id = await submitAs("both");
		const browser = await browserOf("both");
		const csrf = await browser.tokenOf(id);
		const form = { csrf, status: "approved", decisions_seen: "0" };
		await newRefusals();
		const { status } = await browser.post(`/reports/${id}/decision`, form);
		expect(status).toBe(403);
		expect(await newRefusals()).toMatchObject([
			{ action: "action_refused", target: "reports.setStatus", report_id: id },
		]);
	});

	test("for what became of its report", async () => {
		const id = await submitAs("dev");
		const browser = await browserOf("dev");
		const csrf = await browser.tokenOf(id);
		const url = `/reports/${id}/withdrawal`;
		expect((await browser.post(url, { csrf })).status).toBe(303);
		await newRefusals();
		expect((await browser.post(url, { csrf })).status).toBe(409);
		expect(await newRefusals()).toMatchObject([
			{
				actor: "dev@example.com",
				action: "form_refused",
				target: "/reports/:id/withdrawal",
				report_id: id,
			},
		]);
	});

	test("where nobody signs in, too", async () => {
		const open = await startService();
		const { id } = await submit(open);
		const { status } = await visit(open).post(`/reports/${id}/decision`, {
			csrf: "of another session",
			status: "approved",
		});
		expect(status).toBe(403);
		expect(await newRefusals(open)).toMatchObject([
			{ actor: null, action: "form_refused", report_id: id },
		]);
	});
});

test("a form with something wrong in it, or of somebody who is signed out, comes back and is no refusal", async () => {
	const id = await submitAs("dev");
	const browser = await browserOf("rita");
	const csrf = await browser.tokenOf(id);
	const url = `/reports/${id}/decide`;
	await newRefusals();
	const form = { csrf, status: "nonsense", decisions_seen: "0" };
	expect((await browser.post(url, form)).status).toBe(400);
	expect((await visit(service).post(url, form)).status).toBe(401);
	expect(await newRefusals()).toEqual([]);
});

describe("a confirmation link", () => {
	test("that is used again is recorded, whether it is opened or sent", async () => {
		const id = await submitAs("dev");
		const link = await askForLink("rita", id);
		const browser = await browserOf("rita");
		const csrf = tokenIn((await browser.open(link)).html);
		await newRefusals();
		expect((await browser.post(link, { csrf })).status).toBe(303);
		expect(await newRefusals()).toEqual([]);
		expect((await browser.open(link)).status).toBe(410);
		expect((await browser.post(link, { csrf })).status).toBe(410);
		const again = {
			actor: "rita@example.com",
			action: "link_refused",
			target: "used",
			report_id: id,
			detail: expect.stringMatching(/^This link has already been used/),
		};
		expect(await newRefusals()).toEqual([again, again]);
	});

	test("whose time is over is recorded", async () => {
		const id = await submitAs("dev");
		const link = await askForLink("rita", id);
		const browser = await browserOf("rita");
		await service.db
			.updateTable("decision_confirmations")
			.set({ expires_at: sql<string>`now()` })
			.where("report_id", "=", id)
			.execute();
		await newRefusals();
		expect((await browser.open(link)).status).toBe(410);
		expect(await newRefusals()).toMatchObject([
			{ action: "link_refused", target: "expired", report_id: id },
		]);
	});

	test("of somebody else is what that person may not do", async () => {
		const link = await askForLink("rita", await submitAs("dev"));
		const browser = await browserOf("ron");
		await newRefusals();
		expect((await browser.open(link)).status).toBe(403);
		expect(await newRefusals()).toMatchObject([
			{
				actor: "ron@example.com",
				action: "action_refused",
				target: "confirmations.get",
			},
		]);
	});
});
