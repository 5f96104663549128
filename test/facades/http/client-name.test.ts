import { expect, test } from "vitest";
import { clientName } from "../../../src/facades/http/client-name.ts";
import { decide, startService, submit } from "../../support/helpers.ts";

test.each([
	["claude-code/2.1.0", "claude-code/2.1.0"],
	["", null],
	[undefined, null],
	["\u0000\u200b\u202e", null],
	["a\0b\u200bc\u202ed\ufeff\u{E0041}", "abcd"],
	["  two\r\n\tlines\u2028here ", "two lines here"],
	["x".repeat(7_000), "x".repeat(200)],
	["😀".repeat(300), "😀".repeat(200)],
	[`${"\u200b".repeat(1_500)}a`, "a"],
	["\ud800/1", "\ufffd/1"],
])("%j is called %j", (given, name) => {
	expect(clientName(given)).toBe(name);
});

const spoilt = `evil\0\u202e\u200b${"x".repeat(7_000)}`;
const kept = `evil${"x".repeat(196)}`;

test("a client's name is cut and cleaned wherever it comes from", async () => {
	const service = await startService();
	await submit(service);
	const agent = `evil${"x".repeat(7_000)}`;
	const { id } = await submit(service);
	await service.ask({
		method: "POST",
		url: `/api/v1/reports/${id}/withdraw`,
		headers: { "user-agent": agent },
		payload: { developer_email: "alex@intility.no" },
	});
	const { id: other } = await submit(service);
	const { body } = await service.ask({
		method: "POST",
		url: "/mcp",
		headers: {
			accept: "application/json, text/event-stream",
			"content-type": "application/json",
			"mcp-protocol-version": "2026-07-28",
			"mcp-method": "tools/call",
			"mcp-name": "withdraw_report",
		},
		payload: {
			jsonrpc: "2.0",
			id: 1,
			method: "tools/call",
			params: {
				name: "withdraw_report",
				arguments: { id: other, developer_email: "alex@intility.no" },
				_meta: {
					"io.modelcontextprotocol/protocolVersion": "2026-07-28",
					"io.modelcontextprotocol/clientInfo": {
						name: spoilt,
						version: "1\0",
					},
					"io.modelcontextprotocol/clientCapabilities": {},
				},
			},
		},
	});
	expect(JSON.stringify(body)).toContain("withdrawn");
	const rows = await service.db
		.selectFrom("audit_log")
		.select("client")
		.where("action", "=", "report_withdrawn")
		.execute();
	expect(rows).toEqual([{ client: kept }, { client: kept }]);
	await decide(service, id, "approved");
});
