import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { restOperations } from "../src/rest.ts";
import { openPage, startBrowser } from "./browser.ts";
import { startService, type TestService } from "./helpers.ts";

/** Git-ignored; for people who want to see what the test saw. */
const screenshot = join(
	import.meta.dirname,
	"../node_modules/.cache/screenshots/docs.png",
);

let service: TestService;
let url: string;
let page: Page;
const requested: URL[] = [];
const complaints: string[] = [];

beforeAll(async () => {
	service = await startService(afterAll);
	url = await service.listen();
	const browser = await startBrowser(afterAll);
	const context = await browser.newContext({
		viewport: { width: 1280, height: 900 },
	});
	context.on("request", (request) => requested.push(new URL(request.url())));
	await context.route(
		({ hostname }) => hostname !== "127.0.0.1",
		(route) => route.abort(),
	);
	page = await context.newPage();
	page.setDefaultTimeout(15_000);
	page.on("pageerror", (error) => complaints.push(String(error)));
	page.on("console", (message) => {
		if (message.type() === "error") complaints.push(message.text());
	});
	await page.goto(`${url}/docs`);
});

test("the reference page shows every operation, without a network", async () => {
	for (const { openapi } of restOperations) {
		const summary = openapi.summary ?? "no summary";
		await page.getByText(summary).first().waitFor();
	}
	await page.screenshot({ path: screenshot });
});

test("a request can be tried from the reference page", async () => {
	// Only what comes into view is drawn: go there first, as a reader would.
	await page.getByText("List reports", { exact: true }).first().click();
	await page
		.getByRole("button", { name: /Test Request.*get \/api\/v1\/reports\b/i })
		.first()
		.click();
	const answered = page.waitForResponse(
		(response) => new URL(response.url()).pathname === "/api/v1/reports",
	);
	await page.getByRole("button", { name: /^Send get request/ }).click();
	expect((await answered).status()).toBe(200);
	await page.getByText("200 OK").first().waitFor();
});

test("the reference page asks nobody but its own service, and breaks nothing", () => {
	expect(requested.length).toBeGreaterThan(2);
	expect(requested.filter(({ origin }) => origin !== url)).toEqual([]);
	expect(complaints).toEqual([]);
});

test("the reference page may load, run and call only what is its own", async () => {
	for (const path of ["/docs/", "/docs/js/scalar.js"]) {
		const { status, headers } = await service.ask({ url: path });
		expect(status).toBe(200);
		const policy = String(headers["content-security-policy"]);
		expect(policy).toContain("default-src 'none'");
		expect(policy).toContain("frame-ancestors 'none'");
		expect(policy).toMatch(/script-src 'self'(?: 'sha256-[\w+/=]+')?;/);
		expect(policy).not.toMatch(/unsafe-eval|https?:|\*/);
	}
});

test("the reference page says where the reference is to who has no JavaScript", async () => {
	const browser = await startBrowser(onTestFinished);
	const plain = await openPage(browser, { javaScriptEnabled: false });
	await plain.goto(`${url}/docs`);
	// By its tag: Playwright's words and roles pass over it.
	const note = plain.locator("noscript");
	expect(await note.textContent()).toContain("This page needs JavaScript.");
	await note.locator("a", { hasText: "OpenAPI document" }).click();
	await plain.waitForURL(`${url}/openapi.json`);
});

test("the reference page is found from the service's own pages", async () => {
	const { status, body } = await service.ask({ url: "/" });
	expect(status).toBe(200);
	expect(body).toContain('href="/docs"');
});
