import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPage, startBrowser } from "../support/browser.ts";
import { newReport, type TestService } from "../support/helpers.ts";
import type { TestProvider } from "../support/provider.ts";
import { look, views, wide } from "../support/seen.ts";
import { signInAs, startSite } from "../support/site.ts";

/** A report with a critical failure: two reviewers must approve it. */
const grave =
	"# Go-Live Report\n\n## Phase 1: Security\n\n| Check | Status | Evidence |\n|---|---|---|\n| SEC-4 Lethal trifecta | ❌ Fail | all three |\n";

let provider: TestProvider;
let service: TestService;
let browser: Browser;
let base: string;
const complaints: string[] = [];

beforeAll(async () => {
	({ base, provider, service } = await startSite(afterAll));
	browser = await startBrowser(afterAll);
});

describe.each([
	["with JavaScript", true],
	["without JavaScript", false],
])("two reviewers, %s", (_title, javaScriptEnabled) => {
	test("carry a report with a critical failure from its submission to its approval", async () => {
		const id = await submit(await provider.mint("dev"));
		const rita = await openHere({ javaScriptEnabled });
		await rita.goto(base);
		await signInAs(rita, "rita");
		await rita.waitForURL(`${base}/`);
		await rita.getByText("rita@example.com").waitFor();
		await rita.locator(`a[href="/reports/${id}"]`).click();
		await rita.getByText("0 of 2 approvals").waitFor();
		expect(await rita.getByLabel("Reviewer").count()).toBe(0);
		await rita.getByLabel("Notes").fill("The exception for SEC-4 is agreed.");
		await rita.getByRole("button", { name: "Approve…" }).click();
		await rita.getByText("stays pending until one more reviewer").waitFor();
		await rita.getByRole("button", { name: "Approve revision 1" }).click();
		await rita
			.getByText("Your approval is recorded; one more reviewer must approve.")
			.waitFor();
		expect(await rita.getByRole("button", { name: "Approve…" }).count()).toBe(
			0,
		);
		await rita.goto(base);
		await rita
			.getByRole("row", { name: /mcp-servicenow.*1 approval/ })
			.first()
			.waitFor();

		const ron = await openHere({ javaScriptEnabled });
		await ron.goto(`${base}/reports/${id}?sort=risk`);
		await signInAs(ron, "ron");
		await ron.waitForURL(`${base}/reports/${id}?sort=risk`);
		await ron.getByText("1 of 2 approvals").waitFor();
		await ron
			.locator(".approvals li", { hasText: "rita@example.com" })
			.getByText("The exception for SEC-4 is agreed.")
			.waitFor();
		await ron.getByRole("button", { name: "Approve…" }).click();
		await ron.getByText("joins the catalogue").waitFor();
		await ron.getByRole("button", { name: "Approve revision 1" }).click();
		await ron
			.getByText("Approved by ron@example.com, after rita@example.com")
			.first()
			.waitFor();

		await ron.getByRole("button", { name: "Sign out" }).click();
		await ron.getByRole("button", { name: "Yes, sign me out" }).click();
		await ron.getByText("Whoever uses this browser next").waitFor();
		expect(await sessionCookie(ron)).toBeUndefined();
		await ron.goto(`${base}/reports/${id}`);
		await ron.locator('input[name="login"]').waitFor();
	});
});

test.each([
	["with JavaScript", true],
	["without JavaScript", false],
])(
	"a developer makes an access token on its page, submits with it, and withdraws, %s",
	async (_title, javaScriptEnabled) => {
		await service.db.deleteFrom("access_tokens").execute();
		const page = await openHere({ javaScriptEnabled });
		await page.goto(`${base}/tokens`);
		await signInAs(page, "dev");
		await page.waitForURL(`${base}/tokens`);
		const scopes = await page
			.locator('input[name="scopes"]')
			.evaluateAll((boxes) =>
				boxes.map((box) => (box as HTMLInputElement).value),
			);
		expect(scopes).toEqual([
			"catalogue:read",
			"reports:read",
			"reports:submit",
		]);

		await page.getByRole("button", { name: "Create the token" }).click();
		await page.getByText("Must name at least one scope.").waitFor();
		await page.getByLabel("Name").fill("CI of mcp-servicenow");
		await page.getByLabel("reports:submit").check();
		await page.getByLabel("reports:read").check();
		await page.getByRole("button", { name: "Create the token" }).click();
		await page.getByText("Copy it now").waitFor();
		expect(page.url()).toBe(`${base}/tokens`);
		const token = await page.locator(".secret").textContent();
		if (token === null) throw new Error("there is no token");
		expect(token).toMatch(/^golive_[0-9a-f]{64}$/);

		await page.reload();
		await page.getByRole("row", { name: /CI of mcp-servicenow/ }).waitFor();
		expect(await page.getByText("Copy it now").count()).toBe(0);
		expect(await page.content()).not.toContain(token);
		expect(await page.locator("tbody tr").count()).toBe(1);
		// The browser has kept nothing to go back to.
		await expect(page.goBack()).rejects.toThrow("ERR_CACHE_MISS");
		await page.waitForURL("chrome-error://chromewebdata/");

		const id = await submit(token);
		await page.goto(`${base}/reports/${id}`);
		await page.getByText("Your report is waiting for a reviewer.").waitFor();
		expect(await page.getByRole("button", { name: "Approve…" }).count()).toBe(
			0,
		);
		await page.getByRole("button", { name: "Withdraw…" }).click();
		await page
			.getByRole("heading", { name: /^Withdraw mcp-service/ })
			.waitFor();
		expect(await statusOf(id)).toBe("pending_review");
		await page.getByRole("button", { name: "Withdraw revision 1" }).click();
		await page.getByText("withdrawn by submitter").first().waitFor();
		expect(await statusOf(id)).toBe("rejected");

		await page.goto(`${base}/tokens`);
		await page.getByRole("row", { name: /CI of.*ago.*Active/ }).waitFor();
		await page.getByRole("link", { name: "Revoke… CI of" }).click();
		await page.getByRole("heading", { name: /^Revoke the access/ }).waitFor();
		expect((await askWith(token)).status).toBe(200);
		await page.getByRole("button", { name: "Revoke it" }).click();
		await page.getByText("Revoked").waitFor();
		expect((await askWith(token)).status).toBe(401);
	},
);

test("an admin sees everybody's access tokens, and revokes them", async () => {
	const name = `CI ${randomUUID()}`;
	await makeToken("other", name);
	const page = await openHere();
	await page.goto(base);
	await signInAs(page, "adm");
	// The queue is not for admins: they begin where they may.
	await page.waitForURL(`${base}/servers`);
	expect(
		await page
			.getByRole("navigation", { name: "Main" })
			.getByRole("link")
			.allTextContents(),
	).toEqual(["Servers", "Checklist", "Access tokens"]);
	await page.getByRole("link", { name: "Access tokens" }).click();
	await page.getByRole("link", { name: "Everybody's" }).click();
	await page.getByRole("link", { name: `Revoke… ${name}` }).click();
	await page.getByRole("button", { name: "Revoke it" }).click();
	await page
		.getByRole("row", { name: new RegExp(`${name}.*other@.*by adm@`) })
		.waitFor();
});

test("a session that ended in the middle of a decision loses nothing that was typed", async () => {
	const id = await submit(await provider.mint("dev"), {
		report_data: "# Report",
	});
	for (const javaScriptEnabled of [true, false]) {
		const page = await openHere({ javaScriptEnabled });
		await page.goto(`${base}/reports/${id}`);
		await signInAs(page, "rita");
		await page.getByLabel("Notes").fill("Not lost\nat all");
		await endSessions();
		await page.getByRole("button", { name: "Reject…" }).click();
		await page.getByText("Your session has ended").first().waitFor();
		const [tab] = await Promise.all([
			page.context().waitForEvent("page"),
			page.getByRole("link", { name: "Sign in in a new tab" }).click(),
		]);
		await tab.waitForURL(`${base}/reports/${id}`);
		await page.getByRole("button", { name: "Continue where I was" }).click();
		expect(await page.getByLabel("Notes").inputValue()).toBe(
			"Not lost\nat all",
		);
		expect(await statusOf(id)).toBe("pending_review");
	}
});

test("who signed in anew in another tab decides in the first one, and loses nothing typed", async () => {
	const id = await submit(await provider.mint("dev"));
	const page = await openHere();
	await page.goto(`${base}/reports/${id}`);
	await signInAs(page, "rita");
	await page.getByLabel("Notes").fill("Not lost\nat all");
	await endSessions();
	const tab = await page.context().newPage();
	await tab.goto(`${base}/reports/${id}`);
	await tab.waitForURL(`${base}/reports/${id}`);
	await page.getByRole("button", { name: "Reject…" }).click();
	await page.getByText("this form belongs to an earlier session").waitFor();
	expect(await page.getByLabel("Notes").inputValue()).toBe("Not lost\nat all");
	await page.getByRole("button", { name: "Reject…" }).click();
	await page.getByRole("button", { name: "Reject revision 1" }).click();
	await page.getByText("Rejected by rita@example.com").first().waitFor();
});

test("a search after the session's end comes back to what was searched", async () => {
	const page = await openHere();
	await page.goto(base);
	await signInAs(page, "rita");
	await endSessions();
	await page.getByLabel("Search").fill("zebra");
	await page.getByRole("button", { name: "Show" }).click();
	await page.waitForURL(/\/\?search=zebra/);
	await page.getByText("No report matches").waitFor();
});

test("whoever submitted for a repository reads why somebody else must approve", async () => {
	const id = await submit(await provider.mint("both"));
	const page = await openHere();
	await page.goto(`${base}/reports/${id}`);
	await signInAs(page, "both");
	await page.getByText("another reviewer must approve this one").waitFor();
	expect(await page.getByRole("button", { name: "Approve…" }).count()).toBe(0);
	await page.getByRole("button", { name: "Reject…" }).waitFor();
	await page.getByRole("button", { name: "Withdraw…" }).waitFor();
});

test("whoever has no role here is told so, by name, and can sign out", async () => {
	const page = await openHere();
	await page.goto(base);
	await signInAs(page, "nobody");
	await page
		.getByText("nobody@example.com has no role here", { exact: false })
		.waitFor();
	await page
		.getByText("The role developer or reviewer or auditor is required")
		.waitFor();
	expect(await page.getByRole("navigation").getByRole("link").count()).toBe(0);
	// Every page would refuse them.
	expect(await page.getByRole("main").getByRole("link").count()).toBe(0);
	await page.getByRole("button", { name: "Sign out" }).click();
	await page.getByRole("button", { name: "Yes, sign me out" }).click();
	await page
		.getByRole("link", { name: "Sign in", exact: true })
		.first()
		.click();
	await page.locator('input[name="login"]').waitFor();
});

test("whoever cancels at the provider is not signed in, and can try again", async () => {
	const page = await openHere();
	await page.goto(`${base}/checklist`);
	await page.getByRole("link", { name: /Cancel/ }).click();
	await page.getByText("refused, or you cancelled").waitFor();
	expect(await sessionCookie(page)).toBeUndefined();
	await page.getByRole("button", { name: "Sign in again" }).click();
	await signInAs(page, "rita");
	await page.waitForURL(`${base}/checklist`);
});

test.each(views)(
	"every page of signed-in people is accessible and fits, %s",
	async (view, options) => {
		const id = await submit(await provider.mint("dev"));
		await makeToken("rita", "CI of mcp-servicenow-with-a-rather-long-name");
		const rita = await openHere(options);
		const see = (page: Page, name: string) =>
			look(page, `sign-in-${name}-${view}`);
		await rita.goto(`${base}/sign-in/callback?state=x`);
		await see(rita, "refused");
		await rita.goto(`${base}/signed-out`);
		await see(rita, "signed-out");
		await rita.goto(base);
		await signInAs(rita, "rita");
		await see(rita, "queue");
		await rita.goto(`${base}/reports/${id}`);
		await see(rita, "report");
		await rita.getByLabel("Notes").fill("Agreed.");
		await rita.getByRole("button", { name: "Approve…" }).click();
		await see(rita, "confirm");
		await rita.getByRole("button", { name: "Approve revision 1" }).click();
		await rita.getByText("Your approval is recorded").waitFor();
		await see(rita, "report-approved-once");
		await rita.getByLabel("Notes").fill("Not lost");
		await decideAs("ron", id, "rejected");
		await decideAs("ron", id, "pending_review");
		await rita.getByRole("button", { name: "Reject…" }).click();
		await rita.getByText("Since this form was opened, ron@").waitFor();
		expect(await rita.getByLabel("Notes").inputValue()).toBe("Not lost");
		await see(rita, "report-late");
		await rita.goto(`${base}/tokens`);
		await see(rita, "tokens");
		await rita.getByRole("link", { name: "Revoke…" }).first().click();
		await see(rita, "revoke");
		await rita.goto(`${base}/sessions`);
		await see(rita, "sessions");
		await rita.goto(`${base}/tokens`);
		await rita.getByRole("button", { name: "Create the token" }).click();
		await rita.getByText("Must name at least one scope.").waitFor();
		await see(rita, "tokens-invalid");
		await rita.getByLabel("Name").fill("CI");
		await rita.getByLabel("reports:decide").check();
		await rita.getByRole("button", { name: "Create the token" }).click();
		await rita.getByText("Copy it now").waitFor();
		await see(rita, "token-made");
		await rita.goto(`${base}/nowhere`);
		await rita.getByText("rita@example.com").waitFor();
		await see(rita, "not-found");
		await rita.goto(`${base}/reports/${id}`);
		await rita.getByLabel("Notes").fill("Typed before the session's end.");
		await endSessions();
		await rita.getByRole("button", { name: "Reject…" }).click();
		await rita.getByText("Your session has ended").first().waitFor();
		await see(rita, "ended");

		const dev = await openHere(options);
		await dev.goto(`${base}/overview`);
		await signInAs(dev, "dev");
		await dev.getByText("The role reviewer or auditor is required").waitFor();
		await see(dev, "forbidden");
		await dev.goto(base);
		await see(dev, "own-queue");
		await dev.goto(`${base}/servers?status=all`);
		await see(dev, "own-servers");
		await dev.goto(`${base}/reports/${id}`);
		await see(dev, "own-report");
		await dev.getByRole("button", { name: "Withdraw…" }).click();
		await see(dev, "withdraw");

		const adm = await openHere(options);
		await adm.goto(`${base}/sessions?owner=everybody`);
		await signInAs(adm, "adm");
		await see(adm, "everybodys-sessions");
		await adm.getByLabel("E-mail address").fill("nobody");
		await adm.getByRole("button", { name: "Find" }).click();
		await adm.getByText("Must be an e-mail address").waitFor();
		await see(adm, "sessions-invalid");
		await adm.getByLabel("E-mail address").fill("dev@example.com");
		await adm.getByRole("button", { name: "Find" }).click();
		await see(adm, "sessions-of-one");
		await adm.getByRole("button", { name: "End all their access…" }).click();
		await adm.getByRole("heading", { name: /^End the access of/ }).waitFor();
		await see(adm, "end-access");
		await adm.goto(`${base}/tokens?owner=everybody`);
		await adm.getByRole("button", { name: "Create the token" }).click();
		await adm.getByText("Must name at least one scope.").waitFor();
		await see(adm, "service-token-invalid");
	},
);

test("no page broke a rule of its own", () => {
	expect(complaints).toEqual([]);
});

function openHere(options?: BrowserContextOptions): Promise<Page> {
	return openPage(
		browser,
		{ viewport: wide, ...options },
		// The provider's own pages load a font; and some answers are errors on purpose.
		(message) =>
			!message.page()?.url().startsWith(base) ||
			/status of 4(00|01|03|04|09)/.test(message.text()),
		complaints,
	);
}

async function sessionCookie(page: Page) {
	const cookies = await page.context().cookies(base);
	return cookies.find(({ name }) => name === "go_live_session");
}

async function endSessions(): Promise<void> {
	await service.db
		.updateTable("sessions")
		.set({ expires_at: sql<string>`now()` })
		.execute();
}

/** Submits over REST with this token; gives the report's id. */
async function submit(token: string, changes = {}): Promise<string> {
	const { developer_email: _, ...report } = newReport({
		report_data: grave,
		...changes,
	});
	const { status, body } = await service.ask({
		method: "POST",
		url: "/api/v1/reports",
		headers: { authorization: `Bearer ${token}` },
		payload: report,
	});
	expect(status, JSON.stringify(body)).toBe(201);
	return body.id;
}

/** Decides over REST. */
async function decideAs(account: string, id: string, to: string) {
	const { status, body } = await service.ask({
		method: "PATCH",
		url: `/api/v1/reports/${id}/status`,
		headers: { authorization: `Bearer ${await provider.mint(account)}` },
		payload: { status: to },
	});
	expect(status, JSON.stringify(body)).toBe(200);
}

async function makeToken(account: string, name: string): Promise<void> {
	const { status } = await service.ask({
		method: "POST",
		url: "/api/v1/tokens",
		headers: { authorization: `Bearer ${await provider.mint(account)}` },
		payload: { name, scopes: ["reports:read"] },
	});
	expect(status).toBe(201);
}

function askWith(token: string) {
	return service.ask({
		url: "/api/v1/reports",
		headers: { authorization: `Bearer ${token}` },
	});
}

async function statusOf(id: string): Promise<string> {
	const { status } = await service.db
		.selectFrom("mcp_server_reports")
		.select("status")
		.where("id", "=", id)
		.executeTakeFirstOrThrow();
	return status;
}
