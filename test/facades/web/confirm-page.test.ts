import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPage, startBrowser } from "../../support/browser.ts";
import { fillTemplate } from "../../support/fill-template.ts";
import { newReport, type TestService } from "../../support/helpers.ts";
import type { TestProvider } from "../../support/provider.ts";
import { findViolations } from "../../support/seen.ts";
import { signInAs, startSite } from "../../support/site.ts";

let base: string;
let provider: TestProvider;
let service: TestService;
let browser: Browser;

beforeAll(async () => {
	({ base, provider, service } = await startSite(afterAll));
	browser = await startBrowser(afterAll);
});

describe.each([
	["with JavaScript", true],
	["without JavaScript", false],
])("a reviewer %s", (_title, javaScriptEnabled) => {
	test("follows the link that the model gave, signs in, and confirms", async () => {
		const { id, link } = await askForApproval();
		const page = await openPage(browser, { javaScriptEnabled });
		await page.goto(link);
		await signInAs(page, "rita");
		await page.waitForURL(link);
		await page.getByText("A program that is signed in as you").waitFor();
		await page.getByText("Fits our network.").waitFor();
		if (javaScriptEnabled) expect(await findViolations(page)).toEqual([]);
		await page.getByRole("button", { name: "Approve revision 1" }).click();
		await page.waitForURL(`${base}/reports/${id}`);
		await page.getByText("Approved").first().waitFor();
		await page.goto(link);
		await page.getByText("each link works only once").waitFor();
		if (javaScriptEnabled) expect(await findViolations(page)).toEqual([]);
	});
});

/** Has a model ask for an approval, with rita's token for /mcp. */
async function askForApproval(): Promise<{ id: string; link: string }> {
	const { developer_email, ...report } = newReport({
		report_data: fillTemplate(),
	});
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
