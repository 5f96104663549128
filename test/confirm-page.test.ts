import type { Browser, Page } from "playwright-core";
import {
	afterAll,
	beforeAll,
	describe,
	expect,
	onTestFinished,
	test,
} from "vitest";
import { startBrowser } from "./browser.ts";
import { findFreePort } from "./free-port.ts";
import { newReport, startService, type TestService } from "./helpers.ts";
import { startProvider, type TestProvider } from "./provider.ts";
import { findViolations } from "./seen.ts";

let base: string;
let provider: TestProvider;
let service: TestService;
let browser: Browser;

beforeAll(async () => {
	const port = await findFreePort();
	// Another site than the provider's 127.0.0.1.
	base = `http://localhost:${port}`;
	provider = await startProvider(base, afterAll);
	service = await startService(afterAll, provider.settings(base));
	await service.app.listen({ host: "127.0.0.1", port });
	browser = await startBrowser(afterAll);
});

describe.each([
	["with JavaScript", true],
	["without JavaScript", false],
])("a reviewer %s", (_title, javaScriptEnabled) => {
	test("follows the link that the model gave, signs in, and confirms", async () => {
		const { id, link } = await askForApproval();
		const page = await openPage({ javaScriptEnabled });
		await page.goto(link);
		await page.locator('input[name="login"]').fill("rita");
		await page.locator('input[name="password"]').fill("any");
		await page.getByRole("button", { name: "Sign-in" }).click();
		await page.getByRole("button", { name: "Continue" }).click();
		await page.waitForURL(link);
		await page.getByText("A program that is signed in as you").waitFor();
		await page.getByText("Fits our network.").waitFor();
		if (javaScriptEnabled) expect(await findViolations(page)).toEqual([]);
		await page.getByRole("button", { name: "Approve revision 1" }).click();
		await page.waitForURL(`${base}/reports/${id}`);
		await page.getByText("Approved").first().waitFor();
		await page.goto(link);
		await page.getByText("a link counts once").waitFor();
		if (javaScriptEnabled) expect(await findViolations(page)).toEqual([]);
	});
});

/** Has a model ask for an approval, with rita's token for /mcp. */
async function askForApproval(): Promise<{ id: string; link: string }> {
	const { developer_email, ...report } = newReport();
	const { body: submitted } = await service.ask({
		method: "POST",
		url: "/api/v1/reports",
		headers: { authorization: `Bearer ${await provider.mint("dev")}` },
		payload: report,
	});
	const token = await provider.mint("rita", { aud: `${base}/mcp` });
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
			params: {
				name: "review_report",
				arguments: {
					id: submitted.id,
					status: "approved",
					review_notes: "Fits our network.",
				},
			},
		},
	});
	const { text } = body.result.content[0];
	const link = /http:\S+\/confirm\/\w+/.exec(text)?.[0] ?? "";
	return { id: submitted.id, link };
}

async function openPage(
	options: Parameters<Browser["newContext"]>[0],
): Promise<Page> {
	const context = await browser.newContext(options);
	onTestFinished(() => context.close());
	const page = await context.newPage();
	page.setDefaultTimeout(10_000);
	return page;
}
