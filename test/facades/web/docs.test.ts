import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { brotliDecompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { restOperations } from "../../../src/facades/rest/rest.ts";
import { openPage, startBrowser } from "../../support/browser.ts";
import { startService, type TestService } from "../../support/helpers.ts";
import { document } from "../../support/openapi-document.ts";
import { look, views } from "../../support/seen.ts";

let service: TestService;
let url: string;
let html: string;

beforeAll(async () => {
	service = await startService(afterAll);
	url = await service.listen();
	html = (await service.ask({ url: "/docs" })).body;
});

const all = (pattern: RegExp) =>
	[...html.matchAll(pattern)].map(([, found = ""]) => found);

test("the reference shows every operation and every schema, without a script", () => {
	const ids = all(/ id="([^"]+)"/g);
	expect(ids).toEqual([...new Set(ids)]);
	for (const { openapi } of restOperations) {
		expect(ids).toContain(openapi.operationId);
		expect(html).toContain(`${openapi.method} ${openapi.path}`);
	}
	for (const name of Object.keys(document.components.schemas)) {
		expect(ids).toContain(`schema-${name}`);
	}
	for (const target of all(/href="#([^"]+)"/g)) expect(ids).toContain(target);
	expect(html).not.toContain("<script");
	expect(html).not.toContain("[object Object]");
	expect(html).not.toContain("undefined");
});

test("members of schemas have their types, limits and meanings", () => {
	const [, section = ""] =
		/<section class="card" id="submitReport"(.*?)<\/section>/s.exec(html) ?? [];
	expect(section).toMatch(
		/<code>server_name<\/code><\/th><td>string \(1 to 255 characters\)<\/td><td>The MCP server.+?s name\./,
	);
	expect(section).toMatch(
		/<code>subfolder<\/code><br><small>optional<\/small>/,
	);
	expect(section).toContain('<a href="#schema-Report">Report</a>');
	expect(section).toContain("Example of a 409");
});

test("it is small, compressed, and not sent again to who has it", async () => {
	const answer = await service.app.inject({
		url: "/docs",
		headers: { "accept-encoding": "br" },
	});
	expect(answer.headers["content-encoding"]).toBe("br");
	expect(answer.rawPayload.length).toBeLessThan(200_000);
	expect(brotliDecompressSync(answer.rawPayload).toString()).toBe(html);
	const { etag } = answer.headers;
	for (const known of [etag, `"other", ${etag}`, "*"]) {
		const again = await service.ask({
			url: "/docs",
			headers: { "if-none-match": String(known) },
		});
		expect(again.status).toBe(304);
		expect(again.body).toBe("");
	}
	const other = { "if-none-match": '"other"' };
	expect((await service.ask({ url: "/docs", headers: other })).status).toBe(
		200,
	);
});

test("its commands do what they say", async () => {
	const commands = all(/<pre tabindex="0"><code>(curl [^<]+)<\/code>/g).map(
		(command) =>
			command
				.replaceAll("&quot;", '"')
				.replaceAll("&#39;", "'")
				.replaceAll("&lt;", "<")
				.replaceAll("&gt;", ">")
				.replaceAll("&amp;", "&")
				.replaceAll("http://127.0.0.1:8080", url),
	);
	expect(commands).toHaveLength(restOperations.length);
	const run = async (command: string, id: string) => {
		// A shell reads it, and hands its words back: a machine need not have curl.
		const { stdout } = await promisify(execFile)(
			"sh",
			["-c", `curl() { printf '%s\\0' "$@"; }\n${command}`],
			{ env: { ...process.env, ID: id, ACCESS_TOKEN: "none" } },
		);
		const words = stdout.split("\0").slice(0, -1);
		const after = (option: string) =>
			words.filter((_, index) => words[index - 1] === option);
		const [method = "GET"] = after("-X");
		const [body] = after("-d");
		const address = words.find((word) => word.startsWith("http")) ?? "";
		const headers = after("-H").map(
			(header) => header.split(": ", 2) as [string, string],
		);
		const { status } = await fetch(address, {
			method,
			headers,
			...(body !== undefined && { body }),
		});
		return status;
	};
	const submit = commands.find((one) => /-X POST ".*\/reports"/.test(one));
	expect(await run(submit ?? "", "")).toBe(201);
	const [{ id }] = (await service.ask({ url: "/api/v1/reports" })).body;
	for (const command of commands) {
		// Where nobody signs in there are neither tokens nor sessions, nor does anybody withdraw; a second submission meets the first.
		const isPersonal = /tokens|sessions|withdraw/.test(command);
		expect(
			isPersonal ? [200, 400, 403, 404, 409] : [200, 201, 409],
			command,
		).toContain(await run(command, id));
	}
});

test.each(views)("it is for everybody to read: %s", async (name, options) => {
	const browser = await startBrowser(onTestFinished);
	const page = await openPage(browser, options);
	await page.goto(`${url}/docs`);
	await look(page, `docs-${name}`, { fullPage: false });
	await page.getByRole("link", { name: "Back to the desk" }).click();
	await page.waitForURL(`${url}/`);
});

test("the reference is found from the service's own pages", async () => {
	const { status, body } = await service.ask({ url: "/" });
	expect(status).toBe(200);
	expect(body).toContain('href="/docs"');
});
