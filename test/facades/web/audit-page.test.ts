import { sql } from "kysely";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openPage, startBrowser } from "../../support/browser.ts";
import {
	decide,
	newReport,
	startService,
	submit,
} from "../../support/helpers.ts";
import { visit } from "../../support/pages.ts";
import { signInAs, startSite } from "../../support/site.ts";

let browser: Browser;
beforeAll(async () => {
	browser = await startBrowser(afterAll);
});

test("the page shows who did what, filters, pages, and leads to the reports", async () => {
	const service = await startService();
	const { id } = await submit(service, { server_name: "mcp-audited" });
	await decide(service, id, "rejected", { reviewed_by: "kim@example.com" });
	for (let count = 0; count < 60; count++) await submit(service);
	const { open } = visit(service);
	const first = await open("/audit");
	expect(first.status).toBe(200);
	expect(first.html).toContain("Chain unbroken");
	expect(first.html.match(/<tr /g)).toHaveLength(50);
	const next = /rel="next" href="([^"]+)"/.exec(first.html)?.[1] ?? "";
	const second = await open(next);
	expect(second.html.match(/<tr /g)).toHaveLength(12);
	expect(second.html).toContain(`href="/reports/${id}"`);
	const filtered = await open(
		"/audit?actor=KIM%40example.com&action=&since=2025-01-01T00%3A00&until=2999-12-31T23%3A59",
	);
	expect(filtered.html.match(/<tr /g)).toHaveLength(1);
	expect(filtered.html).toContain("Report rejected");
	expect(filtered.html).toMatch(
		/status: <bdi>pending_review<\/bdi>, now <bdi>rejected/,
	);
	const none = await open("/audit?actor=nobody%40example.com");
	expect(none.html).toContain("No row matches these filters.");
	for (const [query, problem] of [
		[`report_id=${id.slice(0, 8)}`, "Must be the report&#39;s full id"],
		["action=nonsense", "Must be one of"],
		["since=yesterday", "Must be a date and time in UTC"],
		["after=x", "Must be a row"],
	]) {
		const bad = await open(`/audit?actor=kim%40example.com&${query}`);
		expect(bad.status, query).toBe(400);
		expect(bad.html).toContain(problem);
		expect(bad.html, "the form as it was").toContain('value="kim@example.com"');
		expect(bad.html).not.toContain("<tr ");
	}
	const hostile = await open(
		`/audit?actor=${encodeURIComponent('"><script>')}`,
	);
	expect(hostile.html).not.toContain("<script>");
});

test("the keyboard goes through the rows, opens their reports, and finds the filters", async () => {
	const service = await startService();
	const base = await service.listen();
	const { id } = await submit(service, { server_name: "mcp-first" });
	for (let count = 0; count < 60; count++) await submit(service);
	await decide(service, id, "rejected", { reviewed_by: "ron@example.com" });
	const page = await openPage(browser, {
		viewport: { width: 1280, height: 900 },
		userAgent: "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 ".repeat(4),
	});
	await page.goto(`${base}/audit`);
	await page.keyboard.press("j");
	await page.keyboard.press("j");
	await page.keyboard.press("k");
	await page.keyboard.press("Enter");
	await page.waitForURL(`${base}/reports/${id}`);
	await page.goto(`${base}/audit`);
	await page.keyboard.press("/");
	await page.keyboard.type("ron@example.com");
	await page.keyboard.press("Enter");
	await page.waitForURL(/actor=ron%40example\.com/);
});

test.each([1280, 1024])(
	"a person's address stays in one line beside a browser's long name, %i px wide",
	async (width) => {
		const service = await startService();
		const base = await service.listen();
		await service.ask({
			method: "POST",
			url: "/api/v1/reports",
			headers: { "user-agent": `Mozilla/5.0 ${"(X11; Linux) ".repeat(14)}` },
			payload: newReport({ developer_email: "ron@example.com" }),
		});
		const page = await openPage(browser, { viewport: { width, height: 900 } });
		await page.goto(`${base}/audit`);
		const lines = await page
			.locator('td[data-label="Who"] bdi')
			.evaluate((name) => name.getClientRects().length);
		expect(lines).toBe(1);
	},
);

test("the page says which of its rows is not as it was recorded", async () => {
	const service = await startService();
	for (let count = 0; count < 3; count++) await submit(service);
	await service.db.connection().execute(async (one) => {
		await sql`set session_replication_role = replica`.execute(one);
		await sql`update audit_log set actor = 'mallory@example.com' where seq = 2`.execute(
			one,
		);
		await sql`set session_replication_role = origin`.execute(one);
	});
	const { html } = await visit(service).open("/audit");
	expect(html).toContain("Chain broken");
	expect(html).toMatch(/Not as recorded: row 2\./);
});

test("signing in, out and in vain is recorded; only auditors are led to the log; no page has anybody refused", async () => {
	const {
		base,
		provider,
		service: own,
	} = await startSite(
		onTestFinished,
		"localhost",
		// Which come a little later, or not before the end.
		{ AUDIT_READS: false },
	);
	const subject = (who: string) => `${provider.issuer} ${who}`;
	for (const who of ["aud", "dev", "adm", "rita"]) {
		const page = await openPage(browser);
		await page.goto(`${base}/sign-in`);
		await signInAs(page, who);
		const links = page
			.getByRole("navigation", { name: "Main" })
			.getByRole("link");
		const hrefs = await links.evaluateAll((all) =>
			all.map((link) => link.getAttribute("href") ?? ""),
		);
		expect(hrefs.includes("/audit"), who).toBe(who === "aud");
		for (const href of hrefs) {
			expect((await page.goto(base + href))?.status(), href).toBe(200);
		}
		if (who !== "aud") {
			for (const query of ["", "?action=nonsense"]) {
				const answer = await page.goto(`${base}/audit${query}`);
				expect(answer?.status()).toBe(403);
			}
		}
		if (who === "adm") {
			const left = page.waitForRequest(/#q$|\/$/, { timeout: 500 });
			await page.keyboard.press("/");
			await expect(left, "there is no queue to go to").rejects.toThrow();
		}
		await page.getByRole("button", { name: "Sign out" }).click();
		await page.waitForURL(/signed-out|sign-out|session/);
	}
	const failed = await fetch(
		`${base}/sign-in/callback?state=x&code=secret-code`,
		{
			headers: { accept: "text/html" },
		},
	);
	expect(failed.status).toBe(403);
	const { rows } = await sql<Record<string, string>>`
		select actor, actor_subject, method, facade, action, target from audit_log order by seq`.execute(
		own.db,
	);
	const steps = (who: string, isRefused: boolean) => {
		const known = {
			actor: `${who}@example.com`,
			actor_subject: subject(who),
			method: "session",
			facade: "web",
		};
		return [
			{ ...known, action: "signed_in", target: null },
			...(isRefused
				? ["audit.list", "/audit"].map((target) => ({
						...known,
						action: "action_refused",
						target,
					}))
				: []),
			{ ...known, action: "signed_out", target: null },
		];
	};
	expect(rows).toEqual([
		...steps("aud", false),
		...steps("dev", true),
		...steps("adm", true),
		...steps("rita", true),
		{
			actor: null,
			actor_subject: null,
			method: "none",
			facade: "web",
			action: "sign_in_failed",
			target: null,
		},
	]);
	const { rows: all } = await sql<{ text: string }>`
		select string_agg(audit_log::text, '') as text from audit_log`.execute(
		own.db,
	);
	expect(all[0]?.text).not.toContain("secret-code");
});
