import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { prose } from "../../src/core/fields.ts";
import { startService, submit, type TestService } from "../support/helpers.ts";

let service: TestService;

beforeAll(async () => {
	service = await startService(afterAll);
});

const refused = {
	"a bidirectional override": "approved \u202Edetcejer\u202C",
	"an isolate": "\u2067abc\u2069",
	"a control character": "a\u0007b",
	"an escape of a terminal": "\u001B[31mred",
	"a C1 control": "a\u009Bb",
	"a vertical tab": "a\u000Bb",
	"a zero-width space": "a\u200Bb",
	"a joiner between Latin letters": "a\u200Db",
	"two joiners": "می\u200C\u200Cخواهم",
	"a joiner that joins nothing": " \u200D ",
	"a byte order mark": "\uFEFFabc",
	"tags without a flag": "a\u{E0068}\u{E0069}",
	"a line separator": "a\u2028b",
};

const legal = {
	"lines, tabs and what Windows ends lines with": "a\n\tb\r\nc",
	Norwegian: "Så bra! Ærlig – «ok» … 100 %",
	Persian: "می\u200Cخواهم",
	Hindi: "क्\u200Dष और र्\u200Dय",
	"Malayalam, with a joiner at a word's end": "അവന്\u200D വന്നു",
	Arabic: "لا بأس",
	"a family, a flag and a scientist":
		"👨\u200D👩\u200D👧 🏳\uFE0F\u200D🌈 👩🏽\u200D🔬",
	"the flag of Scotland":
		"🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
	"an emoji with its style": "✔\uFE0F ☎\uFE0E",
	"letters with marks": "a\u0301 e\u0323\u0302",
};

test.each(Object.entries(legal))("notes may hold %s", (_what, notes) => {
	expect(prose(10_000).safeParse(notes).error?.issues).toBeUndefined();
});

describe.each(Object.entries(refused))("notes with %s", (_what, notes) => {
	test("are refused, with a sentence that names it, over REST, tRPC and MCP", async () => {
		const { id } = await submit(service);
		const decision = {
			...{ status: "rejected", reviewed_by: "Rita", review_notes: notes },
		};
		const sentence =
			/Must not contain control or hidden characters: remove U\+/;
		const rest = await service.ask({
			method: "PATCH",
			url: `/api/v1/reports/${id}/status`,
			payload: decision,
		});
		expect(rest.status).toBe(400);
		expect(JSON.stringify(rest.body)).toMatch(sentence);
		const trpc = await service.ask({
			method: "POST",
			url: "/trpc/reports.setStatus",
			payload: { id, ...decision },
		});
		expect(trpc.status).toBe(400);
		expect(JSON.stringify(trpc.body)).toMatch(sentence);
		const mcp = await service.ask({
			method: "POST",
			url: "/mcp",
			headers: { accept: "application/json, text/event-stream" },
			payload: {
				...{ jsonrpc: "2.0", id: 1, method: "tools/call" },
				params: { name: "review_report", arguments: { id, ...decision } },
			},
		});
		expect(mcp.body.result).toMatchObject({ isError: true });
		expect(JSON.stringify(mcp.body)).toMatch(sentence);
		const { body } = await service.ask({ url: `/api/v1/reports/${id}` });
		expect(body.status).toBe("pending_review");
	});
});
