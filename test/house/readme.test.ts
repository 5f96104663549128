import { readFile } from "node:fs/promises";
import type { InjectOptions } from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { fillTemplate } from "../support/fill-template.ts";
import { startService } from "../support/helpers.ts";
import { callTool, connectOldClient } from "../support/mcp-clients.ts";
import { withoutNames } from "../support/without-names.ts";

const readme = await readText("../../README.md");

/** What the section about curl has somebody type, and the answer that it shows below, if it shows one. */
const [, section = ""] =
	/\n## Use it with curl\n([\s\S]+?)\n## /.exec(readme) ?? [];
const blocks = [...section.matchAll(/```(sh|json)\n([\s\S]+?)\n```/g)].map(
	([, kind, text = ""]) => ({ kind, text }),
);
const commands = blocks.flatMap(({ kind, text }, at) => {
	const next = blocks[at + 1];
	return kind === "sh"
		? [{ text, answer: next?.kind === "json" ? next.text : undefined }]
		: [];
});

test("the service answers the README's curl commands as the README shows", async () => {
	const service = await startService();
	const [submission] = commands;
	const shownId = /"id": "(.+)"/.exec(submission?.answer ?? "")?.[1] ?? "";
	let id = "";
	let compared = 0;
	for (const { text, answer } of commands) {
		const { status, body } = await service.ask(
			readCurl(text.replaceAll(shownId, id || shownId)),
		);
		expect(status, text).toBeLessThan(300);
		id ||= body.id;
		if (answer === undefined) continue;
		expect(withoutNames(JSON.stringify(body, null, "\t"))).toBe(
			withoutNames(answer),
		);
		compared++;
	}
	expect(compared).toBe(3);
});

test("the README's example of an error is what the service answers to a second submission", async () => {
	const service = await startService();
	const request = readCurl(commands[0]?.text ?? "");
	await service.ask(request);
	const { body } = await service.ask(request);
	expect(withoutNames(JSON.stringify(body, null, "\t"))).toBe(
		withoutNames(blocks.at(-1)?.text ?? ""),
	);
});

test("the README's answers to Claude are what the tools answer", async () => {
	const service = await startService();
	const client = await connectOldClient({ base: await service.listen() });
	onTestFinished(() => client.close());
	const submitted = await callTool(client, "submit_report", {
		server_name: "mcp-servicenow",
		repository_url: "https://github.com/intility/mcp-servicenow",
		developer_email: "alex@intility.no",
		report_markdown: fillTemplate(),
	});
	const listed = await callTool(client, "list_servers", {
		status: "pending_review",
	});
	expect(withoutDays(submitted.text.trim())).toBe(
		withoutDays(shownAnswer("✅ Report submitted")),
	);
	expect(withoutDays(listed.text.trim())).toBe(
		withoutDays(shownAnswer("## MCP Servers")),
	);
});

test("the README shows how the check of the PRD's example begins", async () => {
	const service = await startService();
	const client = await connectOldClient({ base: await service.listen() });
	onTestFinished(() => client.close());
	const { text } = await callTool(client, "check_report", {
		report_markdown: await readText("../reports/prd-example.md"),
	});
	const shown = shownAnswer("## Report check").replace(/…$/, "");
	expect(text.slice(0, shown.length)).toBe(shown);
});

/** The block of the README that begins so. */
function shownAnswer(beginning: string): string {
	const start = readme.indexOf(`\`\`\`\n${beginning}`);
	expect(start, `the README shows "${beginning}"`).toBeGreaterThan(0);
	return readme.slice(start + 4, readme.indexOf("\n```", start));
}

function withoutDays(text: string): string {
	return withoutNames(text).replaceAll(/\d{4}-\d\d-\d\d/g, "{day}");
}

function readText(path: string): Promise<string> {
	return readFile(new URL(path, import.meta.url), "utf8");
}

/** A curl command as a request: its address, and what `-X`, `-H` and `-d` say. */
function readCurl(command: string): InjectOptions {
	const [, url = ""] =
		/http:\/\/127\.0\.0\.1:8080([^\s']+)/.exec(command) ?? [];
	const [, payload] = / -d '([\s\S]+)'$/.exec(command) ?? [];
	const [, method = payload ? "POST" : "GET"] = / -X (\w+)/.exec(command) ?? [];
	const [, type] = / -H 'Content-Type: (.+?)'/.exec(command) ?? [];
	return {
		method: method as "GET",
		url,
		...(payload !== undefined && { payload }),
		...(type !== undefined && { headers: { "content-type": type } }),
	};
}
