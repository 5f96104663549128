import { randomUUID } from "node:crypto";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { allChecks } from "../../../src/checklist/checklist.ts";
import { openPage, startBrowser } from "../../support/browser.ts";
import { fillTemplate } from "../../support/fill-template.ts";
import {
	decide,
	startService,
	submit,
	type TestService,
} from "../../support/helpers.ts";
import { hostileMarkdown } from "../../support/hostile-markdown.ts";
import {
	type AnyClient,
	callTool,
	clients,
} from "../../support/mcp-clients.ts";
import { look, views, wide } from "../../support/seen.ts";

let service: TestService;
let base: string;
let browser: Browser;
let client: AnyClient;
const complaints: string[] = [];
const foreign: string[] = [];

beforeAll(async () => {
	service = await startService(afterAll);
	base = await service.listen();
	browser = await startBrowser(afterAll);
	const connect = clients["a current client without negotiation"];
	if (!connect) throw new Error("there is no such client");
	client = await connect({ base, databaseUrl: service.databaseUrl });
	afterAll(() => client.close());
});

test("a reviewer goes through the whole of a review, from submission to catalogue", async () => {
	const page = await openDesk();
	await page.goto(base);
	await page.getByText("No report is waiting for review.").waitFor();

	const repository = "https://github.com/intility/mcp-servicenow";
	const failing = { status: "❌ Fail", evidence: "A service principal" };
	await submitByMcp(fillTemplate({ "AUTH-1": failing }), repository);
	await page.evaluate(() => {
		document.dispatchEvent(new Event("visibilitychange"));
	});
	await page.getByText("New submission: mcp-servicenow").waitFor();
	expect(await page.title()).toMatch(/^\(1\) /);
	await page.getByRole("link", { name: "Show the queue" }).click();
	await page.getByRole("link", { name: "mcp-servicenow" }).click();
	await page.getByText("On-behalf-of only does not pass").first().waitFor();
	await page.locator("#findings-title ~ .findings a.line").first().click();
	expect(new URL(page.url()).hash).toMatch(/^#line-\d+$/);
	expect(await page.locator(`${new URL(page.url()).hash}`).isVisible()).toBe(
		true,
	);

	await page.getByLabel("Reviewer").fill("platform@intility.no");
	await page.getByRole("button", { name: "Reject…" }).click();
	await page.getByText("Say why: the developer needs it").waitFor();
	await page.getByLabel("Notes").fill("AUTH-1: exchange the user's token.");
	await page.getByRole("button", { name: "Reject…" }).click();
	await page.locator("blockquote", { hasText: "AUTH-1: exchange" }).waitFor();
	await page.getByRole("button", { name: "Reject revision 1" }).click();
	await page.getByText("Rejected by platform@intility.no").first().waitFor();
	expect(await page.title()).toMatch(/^Rejected: /);

	await submitByMcp(fillTemplate(), repository);
	await page.goto(base);
	await page.getByRole("link", { name: "mcp-servicenow" }).click();
	await page.getByRole("link", { name: "compare with 1" }).click();
	await page.getByRole("row", { name: /AUTH-1.*Fail.*Pass.*Better/ }).waitFor();
	await page.locator("ins").first().waitFor();
	await page.getByRole("link", { name: "Revision 2" }).click();
	await page.getByRole("button", { name: "Approve…" }).click();
	await page.getByRole("button", { name: "Approve revision 2" }).click();
	await page.getByText("Approved by platform@intility.no").first().waitFor();
	await page.getByText("Rejected by platform@intility.no").waitFor();

	await page.getByRole("link", { name: "Servers" }).click();
	await page.getByRole("row", { name: /mcp-servicenow.*Approved/ }).waitFor();
	const { text } = await callTool(client, "list_servers", {
		status: "approved",
	});
	expect(text).toContain("mcp-servicenow");
});

test("everything goes without JavaScript", async () => {
	const report = await submit(service, { report_data: fillTemplate() });
	const page = await openDesk({ javaScriptEnabled: false });
	await page.goto(`${base}/reports/${report.id}`);
	await page.getByLabel("Reviewer").fill("Kim");
	await page.getByRole("button", { name: "Approve…" }).click();
	await page.getByRole("button", { name: "Approve revision 1" }).click();
	await page.getByText("Approved by Kim").first().waitFor();
	await page.getByRole("button", { name: "Reopen…" }).click();
	await page.getByRole("button", { name: "Reopen revision 1" }).click();
	await page.getByRole("button", { name: "Approve…" }).waitFor();
});

test("the list that a reviewer came from is there after every step of a decision", async () => {
	const name = `mcp-forty-${randomUUID().slice(0, 8)}`;
	const repository = (n: number) => `https://github.com/example/${name}-${n}`;
	for (const n of [1, 2, 3]) {
		await submit(service, { server_name: name, repository_url: repository(n) });
	}
	const page = await openDesk({ javaScriptEnabled: false });
	await page.goto(`${base}/?search=${name}&sort=newest`);
	await page.getByRole("link", { name }).first().click();
	const url = page.url();
	expect(new URL(url).search).toBe(`?sort=newest&search=${name}`);
	await page.getByRole("link", { name: "Raw text" }).click();
	await page.getByRole("link", { name: "Rendered" }).click();
	await page.getByLabel("Reviewer").fill("Kim");
	await page.getByRole("button", { name: "Reject…" }).click();
	await page.getByText("Say why: the developer needs it").waitFor();
	await page.getByLabel("Notes").fill("No OBO.");
	await page.getByRole("button", { name: "Reject…" }).click();
	await page.getByRole("button", { name: "Change it" }).click();
	await page.getByRole("button", { name: "Reject…" }).click();
	await page.getByRole("button", { name: "Reject revision 1" }).click();
	await page.getByText("Rejected by Kim").first().waitFor();
	expect(page.url()).toBe(url);
	await page.getByRole("link", { name: "Next" }).click();
	await page.getByRole("link", { name: "Queue", exact: true }).first().click();
	await page.getByText(`${name}-2`).waitFor();
	expect(new URL(page.url()).search).toBe(`?sort=newest&search=${name}`);
	expect(await page.locator("tbody tr").count()).toBe(2);
});

test("the list is kept by a comparison, in the history, and by the notice of a new submission", async () => {
	const name = `mcp-kept-${randomUUID().slice(0, 8)}`;
	const report = {
		server_name: name,
		repository_url: `https://github.com/example/${name}`,
	};
	for (const word of ["one", "two", "three"]) {
		const { id } = await submit(service, { ...report, report_data: word });
		if (word === "three") break;
		await decide(service, id, "rejected", { review_notes: "No." });
	}
	await submit(service, { server_name: name });
	const page = await openDesk();
	const list = `?sort=newest&search=${name}`;
	await page.goto(`${base}/${list}`);
	const title = await page.title();
	expect(title).toMatch(/^\(2\) /);
	await submit(service, { server_name: name });
	await page.evaluate(() => {
		document.dispatchEvent(new Event("visibilitychange"));
	});
	await page.getByText("New submission:").waitFor();
	expect(await page.title()).toBe(title);
	await page.getByRole("link", { name: "Show the queue" }).click();
	await page.getByText("Pending 3").waitFor();
	expect(new URL(page.url()).search).toBe(list);

	const row = page.getByRole("row", { name: `example/${name}` });
	await row.getByRole("link").click();
	const url = page.url();
	await page.getByRole("link", { name: "compare with 2" }).click();
	await page.getByRole("heading", { name: "revision 2 to 3" }).waitFor();
	await page.getByLabel("Compare with").selectOption("Revision 1");
	await page.getByRole("button", { name: "Compare" }).click();
	await page.getByRole("heading", { name: "revision 1 to 3" }).waitFor();
	await page.getByRole("link", { name: "‹ Revision 3" }).click();
	expect(page.url()).toBe(url);
	await page.getByRole("link", { name: "Revision 1" }).click();
	expect(new URL(page.url()).search).toBe(list);
	await page.getByText("Rejected by").first().waitFor();
});

test("a link from another site leaves the forms of open tabs as they are", async () => {
	const { id } = await submit(service);
	const page = await openPage(browser);
	await page.goto(`${base}/reports/${id}`);
	await page.getByLabel("Reviewer").fill("Kim");
	await page.getByLabel("Notes").fill("No OBO.");
	const other = await page.context().newPage();
	await other.route("http://localhost:*/**", (route) =>
		route.fulfill({
			contentType: "text/html",
			body: `<a href="${base}/reports/${id}">The report</a>`,
		}),
	);
	await other.goto("http://localhost:1234/");
	await other.getByRole("link").click();
	await other.waitForURL(`${base}/reports/${id}`);
	await page.getByRole("button", { name: "Reject…" }).click();
	await page.getByRole("button", { name: "Reject revision 1" }).click();
	await page.getByText("Rejected by Kim").first().waitFor();
});

test("the keyboard goes through the queue, and to a decision", async () => {
	const own = await startService();
	const url = await own.listen();
	const first = await submit(own, { server_name: "mcp-first" });
	const second = await submit(own, { server_name: "mcp-second" });
	const page = await openDesk();
	await page.goto(url);
	const focused = () =>
		page.evaluate(() => document.activeElement?.textContent ?? "");
	await page.keyboard.press("j");
	expect(await focused()).toBe("mcp-first");
	await page.keyboard.press("j");
	await page.keyboard.press("j");
	expect(await focused()).toBe("mcp-second");
	await page.keyboard.press("k");
	await page.keyboard.press("Enter");
	await page.waitForURL(`**/reports/${first.id}`);
	await page.keyboard.press("j");
	await page.waitForURL(`**/reports/${second.id}`);
	await page.keyboard.press("k");
	await page.waitForURL(`**/reports/${first.id}`);
	await page.keyboard.press("r");
	await page.keyboard.type("jk/a? are letters here");
	expect(await page.getByLabel("Notes").inputValue()).toBe(
		"jk/a? are letters here",
	);
	await page.getByLabel("Reviewer").fill("Kim");
	await page.getByLabel("Reviewer").blur();
	await page.keyboard.press("a");
	await page.getByRole("heading", { name: /^Approve mcp-first/ }).waitFor();
	await page.keyboard.press("Enter");
	await page.getByText("Approved by Kim").first().waitFor();
	await page.keyboard.press("?");
	await page.getByRole("dialog").waitFor();
	await page.keyboard.press("Escape");
	await page.keyboard.press("/");
	await page.waitForURL(/#q$/);
	await page.keyboard.type("second");
	await page.keyboard.press("Enter");
	await page.waitForURL(/search=second/);
});

test("whoever is second reads who was first, and keeps the notes", async () => {
	const report = await submit(service);
	const page = await openDesk();
	await page.goto(`${base}/reports/${report.id}`);
	await page.getByLabel("Reviewer").fill("Kim");
	await page.getByLabel("Notes").fill("Not lost");
	await page.getByRole("button", { name: "Reject…" }).click();
	await decide(service, report.id, "approved", { reviewed_by: "Robin" });
	await page.getByRole("button", { name: "Reject revision 1" }).click();
	await page.getByText("Approved by Robin").first().waitFor();
	expect(await page.getByLabel("Notes").inputValue()).toBe("Not lost");
});

test("hostile reports do nothing in a browser, and nothing is asked of anybody else", async () => {
	const page = await openDesk();
	for (const [name, markdown] of Object.entries(hostileMarkdown)) {
		const { id } = await submit(service, {
			report_data: markdown,
			server_name: '<img src=x onerror="window.pwned=1">',
		});
		await page.goto(`${base}/reports/${id}`);
		const found = await page.evaluate(() => ({
			pwned: "pwned" in window,
			elements: [
				...new Set(
					[...document.querySelectorAll(".markdown *, .raw *")].map(
						({ localName }) => localName,
					),
				),
			],
			attributes: [
				...new Set(
					[...document.querySelectorAll("body *")].flatMap((element) =>
						element
							.getAttributeNames()
							.filter((name) => /^on|^style$|^srcdoc$/.test(name)),
					),
				),
			],
			main: document.querySelectorAll("#main").length,
		}));
		expect(found, name).toMatchObject({
			pwned: false,
			attributes: [],
			main: 1,
		});
		expect(found.elements.join(" "), name).not.toMatch(
			/script|img|iframe|object|embed|form|input|button|style|link|base|meta|svg/,
		);
	}
});

test.each(views)(
	"every page is accessible and fits, %s",
	async (view, options) => {
		const page = await openDesk(options);
		for (const [name, visit] of Object.entries(await pagesToSee())) {
			await visit(page);
			await look(page, `${name}-${view}`);
		}
	},
);

test("everything that can be used is reached by keyboard and shows its focus", async () => {
	const { id } = await submit(service, { report_data: fillTemplate() });
	const page = await openDesk();
	for (const path of ["/", `/reports/${id}`]) {
		await page.goto(base + path);
		const usable = await page
			.locator(
				"a:visible, button:visible, input:visible, select:visible, textarea:visible, summary:visible",
			)
			.count();
		let invisible = 0;
		const reached = new Set<string>();
		for (let presses = 0; presses < usable + 20; presses++) {
			await page.keyboard.press("Tab");
			const focus = await page.evaluate(() => {
				const element = document.activeElement as HTMLElement;
				if (element === document.body) return null;
				element.dataset.reached ??= crypto.randomUUID();
				const { outlineStyle, outlineWidth, boxShadow } =
					getComputedStyle(element);
				return {
					key: element.dataset.reached,
					isShown:
						(outlineStyle !== "none" && outlineWidth !== "0px") ||
						boxShadow !== "none",
				};
			});
			if (!focus) continue;
			reached.add(focus.key);
			if (!focus.isShown) invisible += 1;
		}
		expect(reached.size).toBeGreaterThanOrEqual(usable);
		expect(invisible).toBe(0);
	}
});

test("the checklist prints with boxes to tick, and without what is around it", async () => {
	const page = await openDesk();
	await page.goto(`${base}/checklist`);
	await page.emulateMedia({ media: "print" });
	expect(await page.getByRole("navigation").count()).toBe(0);
	expect(await page.locator(".check .box:visible").count()).toBe(
		allChecks.length,
	);
});

test("no page asked anybody but the service, or broke a rule of its own", () => {
	expect(foreign).toEqual([]);
	expect(complaints).toEqual([]);
});

/** Every page in a state worth seeing, by name. */
async function pagesToSee(): Promise<
	Record<string, (page: Page) => Promise<unknown>>
> {
	const repository_url = `https://github.com/example/${randomUUID()}`;
	const fail = { status: "❌ Fail", evidence: "present: reads all tickets" };
	const alarming = fillTemplate({
		"SEC-1": fail,
		"SEC-2": fail,
		"SEC-3": fail,
		"AUTH-1": fail,
	});
	const first = await submit(service, {
		repository_url,
		report_data: alarming,
	});
	await decide(service, first.id, "rejected", {
		review_notes: "AUTH-1 must pass.\nTake one leg away.",
	});
	const second = await submit(service, {
		repository_url,
		report_data: `${fillTemplate()}\n\n${Object.values(hostileMarkdown).slice(0, 12).join("\n\n")}\n\n\`\`\`ts\nconst a: number = 1; // why\n\`\`\`\n\n- [x] done\n- [ ] open\n`,
	});
	await submit(service, {
		report_data: alarming,
		server_name: "mcp-with-a-rather-long-name-that-must-not-break-the-page",
	});
	const go = (path: string) => (page: Page) => page.goto(base + path);
	return {
		queue: go("/"),
		"queue-all": go("/?status=all&sort=risk"),
		"queue-empty": go("/?search=nothing-has-this-name"),
		report: go(`/reports/${second.id}`),
		"report-rejected": go(`/reports/${first.id}`),
		"report-raw": go(`/reports/${second.id}?view=raw`),
		compare: go(`/reports/${second.id}/compare`),
		servers: go("/servers?status=all"),
		overview: go("/overview"),
		checklist: go("/checklist"),
		audit: go("/audit"),
		"not-found": go("/reports/550e8400-e29b-41d4-a716-446655440000"),
		invalid: async (page) => {
			await page.goto(`${base}/reports/${second.id}`);
			await page.getByLabel("Reviewer").fill("");
			await page.getByRole("button", { name: "Reject…" }).click();
			await page.getByText("Say why").waitFor();
		},
		confirm: async (page) => {
			await page.goto(`${base}/reports/${second.id}`);
			await page.getByLabel("Reviewer").fill("platform@example.com");
			await page.getByLabel("Notes").fill("Everything is in place.");
			await page.getByRole("button", { name: "Approve…" }).click();
			await page.getByRole("heading", { name: /^Approve / }).waitFor();
		},
		help: async (page) => {
			await page.goto(base);
			await page.keyboard.press("?");
			await page.getByRole("dialog").waitFor();
		},
	};
}

async function openDesk(options?: BrowserContextOptions): Promise<Page> {
	const page = await openPage(
		browser,
		{ viewport: wide, ...options },
		// The browser notes every answer that is an error; these are meant.
		(message) => /status of 4(00|04|09)/.test(message.text()),
		complaints,
	);
	page.context().on("request", (request) => {
		const { hostname } = new URL(request.url());
		if (hostname !== "127.0.0.1") foreign.push(request.url());
	});
	page.on("dialog", (dialog) => complaints.push(dialog.message()));
	return page;
}

async function submitByMcp(report_markdown: string, repository_url: string) {
	const { text } = await callTool(client, "submit_report", {
		server_name: "mcp-servicenow",
		repository_url,
		developer_email: "alex@intility.no",
		report_markdown,
	});
	expect(text).toContain("Report submitted successfully");
}
