import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { brotliDecompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fillTemplate } from "../../support/fill-template.ts";
import {
	decide,
	startService,
	submit,
	type TestService,
} from "../../support/helpers.ts";
import { hostileMarkdown } from "../../support/hostile-markdown.ts";
import { type PageAnswer, tokenIn, visit } from "../../support/pages.ts";
import { isAllOnPaper, readPdf } from "../../support/read-pdf.ts";

const policy =
	"default-src 'none';script-src 'self';style-src 'self';img-src 'self';connect-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none'";

let service: TestService;
let id: string;

beforeAll(async () => {
	service = await startService(afterAll);
	({ id } = await submit(service, {
		server_name: "mcp-blåbær",
		report_data: fillTemplate(),
	}));
});

const notThere = "550e8400-e29b-41d4-a716-446655440000";
const reviewer = "platform@example.com";

describe("every page", () => {
	const pages = () => [
		"/",
		"/?status=all&sort=risk&search=bl%C3%A5",
		`/reports/${id}`,
		`/reports/${id}?view=raw`,
		`/reports/${id}/compare`,
		"/servers?status=all",
		"/overview",
		"/checklist",
		`/reports/${notThere}`,
		"/nowhere",
	];

	test("allows nothing but what is the service's own", async () => {
		for (const page of [
			...pages(),
			"/overview/risks.svg",
			`/reports/${id}/raw`,
		]) {
			const { headers } = await visit(service).open(page);
			expect(headers, page).toMatchObject({
				"content-security-policy": policy,
				"x-content-type-options": "nosniff",
				"referrer-policy": "same-origin",
				"x-frame-options": "DENY",
			});
		}
	});

	test("has no inline script, style or handler", async () => {
		for (const page of pages()) {
			const { html } = await visit(service).open(page);
			expect(html, page).toContain("<!doctype html>");
			expect(
				html.match(/<style|\sstyle=|\son[a-z]+=|<script>/i)?.[0],
				page,
			).toBeUndefined();
			expect(html.match(/<script/g), page).toHaveLength(1);
		}
	});

	test("takes less than 60 KiB with everything it loads, without the report's own text", async () => {
		for (const page of pages()) {
			const { html } = await visit(service).open(page);
			const parts = [
				...html.matchAll(
					/(?:href|src|srcset)="(\/(?:assets|overview)\/[^"]+)"/g,
				),
			];
			let bytes = 0;
			for (const url of [
				page,
				...parts.map(([, url]) => url?.replaceAll("&amp;", "&") ?? ""),
			]) {
				const answer = await service.app.inject({
					url,
					headers: { accept: "text/html", "accept-encoding": "br" },
				});
				expect(answer.statusCode, url).toBeLessThan(405);
				bytes += answer.rawPayload.length;
				if (url === page && page !== "/nowhere") {
					expect(answer.headers["content-encoding"], url).toBe("br");
					expect(String(brotliDecompressSync(answer.rawPayload))).toContain(
						"</html>",
					);
				}
			}
			expect(bytes, page).toBeLessThan(60 * 1024);
		}
	});

	test("loads what it names, for a year, under an address of its content", async () => {
		const { html } = await visit(service).open("/");
		const urls = [...html.matchAll(/"(\/assets\/[^"]+)"/g)].map(
			([, url]) => url,
		);
		expect(urls.length).toBeGreaterThan(3);
		for (const url of urls) {
			const { status, headers } = await visit(service).open(url ?? "");
			expect(status).toBe(200);
			expect(headers["cache-control"]).toContain("immutable");
		}
	});

	test("cannot be asked with a method it does not have", async () => {
		const { status, headers } = await service.ask({
			method: "PUT",
			url: "/checklist",
		});
		expect(status).toBe(405);
		expect(String(headers.allow)).toContain("GET");
	});
});

describe("the queue", () => {
	test("counts, searches, filters and sorts by its address", async () => {
		const own = await startService();
		const good = await submit(own, {
			server_name: "mcp-good",
			report_data: fillTemplate(),
		});
		const bad = await submit(own, { server_name: "mcp-bad" });
		const browser = visit(own);
		const { html } = await browser.open("/");
		expect(html).toContain("<title>(2) Pending reviews");
		expect(rowsOf(html)).toEqual([good.id, bad.id]);
		expect(rowsOf((await browser.open("/?sort=newest")).html)).toEqual([
			bad.id,
			good.id,
		]);
		expect(rowsOf((await browser.open("/?search=GOOD")).html)).toEqual([
			good.id,
		]);
		expect(rowsOf((await browser.open("/?risk_level=unknown")).html)).toEqual([
			bad.id,
		]);
		await decide(own, good.id, "approved");
		expect(rowsOf((await browser.open("/?status=approved")).html)).toEqual([
			good.id,
		]);
		expect((await browser.open("/?search=zzz")).html).toContain(
			"No report matches",
		);
	});

	test("says what is wrong with an address, and what to do", async () => {
		const { status, html } = await visit(service).open("/?status=everything");
		expect(status).toBe(400);
		expect(html).toContain(
			"Must be pending_review, approved, rejected or all.",
		);
		expect(html).toMatch(/Request id: <code>[\w-]{36}/);
	});

	test("pages through many without gaps", async () => {
		const own = await startService();
		const ids = [];
		for (let n = 0; n < 53; n++) ids.push((await submit(own)).id);
		const browser = visit(own);
		const first = await browser.open("/");
		const next = /rel="next" href="([^"]+)"/.exec(first.html)?.[1] ?? "";
		const second = await browser.open(next.replaceAll("&amp;", "&"));
		expect([...rowsOf(first.html), ...rowsOf(second.html)]).toEqual(ids);
		const [, report = ""] =
			/href="([^"]+)" data-row-link/.exec(second.html) ?? [];
		const { html } = await browser.open(report);
		expect(html, "the way back to the same page").toContain(
			`<a href="${next}">Queue</a>`,
		);
	});

	test("tells its script what is new", async () => {
		const { html } = await visit(service).open("/queue/news");
		expect(JSON.parse(html)).toMatchObject({
			newest: { server_name: expect.any(String) },
		});
	});
});

describe("a report's page", () => {
	test("links each check to its place in the text", async () => {
		const { html } = await visit(service).open(`/reports/${id}`);
		const lines = [...html.matchAll(/href="#(line-\d+)"/g)].map(
			([, line]) => line,
		);
		expect(lines.length).toBeGreaterThan(30);
		for (const line of lines) expect(html).toContain(`id="${line}"`);
	});

	test("gives the text exactly as it was sent", async () => {
		const text = "# Ærlig\r\n\r\n\u202Etext  \n<b>";
		const report = await submit(service, {
			report_data: text,
			server_name: 'x"; y/../å',
		});
		for (const path of ["/raw", ".md"]) {
			const { html, headers } = await visit(service).open(
				`/reports/${report.id}${path}`,
			);
			expect(html).toBe(text);
			expect(headers["content-type"]).toMatch(
				/^text\/(plain|markdown); charset=utf-8$/,
			);
		}
		const { headers } = await visit(service).open(`/reports/${report.id}.md`);
		expect(headers["content-disposition"]).toMatch(
			/^attachment; filename="[\w.-]+-r1\.md"; filename\*=UTF-8''[\w.%-]+-r1\.md$/,
		);
	});

	test("is rendered to its last row, however long its tables are", async () => {
		const table = `| a | b |\n|---|---|\n${"| SEC-1 Private data | ✅ Pass |\n".repeat(30_000)}`;
		const { id: large } = await submit(service, { report_data: table });
		const { status, html } = await visit(service).open(`/reports/${large}`);
		expect(status).toBe(200);
		expect(html).toContain('<tr id="line-30002">');
	});

	test("is shown as raw text when it is too complex to render", async () => {
		const table = `| a | b |\n|---|---|\n${"| SEC-1 Private data | ✅ Pass |\n".repeat(30_000)}`;
		const { id: large } = await submit(service, { report_data: table });
		const impatient = await startService(undefined, {
			databaseUrl: service.databaseUrl,
			workers: { cpu: { renderMarkdown: 100 } },
		});
		const { status, html } = await visit(impatient).open(`/reports/${large}`);
		expect(status).toBe(200);
		expect(html).toContain("too complex to render");
		expect(html).toContain('id="line-2"');
	});

	test("is shown as raw text while the service is busy, which is forgotten when it is not", async () => {
		const narrow = await startService(undefined, {
			workers: { workers: 1, waiting: 1, cpu: { renderMarkdown: 3_000 } },
		});
		let busy: string | undefined;
		for (let attempt = 0; attempt < 5 && !busy; attempt += 1) {
			const { id } = await submit(narrow, {
				report_data: `# Report ${attempt}`,
			});
			const row = `| SEC-1 Private ${attempt} | ✅ Pass |\n`;
			const large = await submit(narrow, {
				report_data: `| a | b |\n|---|---|\n${row.repeat(30_000)}`,
			});
			// One is rendered and one waits, once both have come so far.
			const held = [1, 2].map(() => visit(narrow).open(`/reports/${large.id}`));
			await wait(300);
			const { status, html } = await visit(narrow).open(`/reports/${id}`);
			expect(status).toBe(200);
			expect(html).not.toContain("too complex");
			if (html.includes("The service is busy")) {
				expect(html).toContain("Reload the page");
				expect(html).toContain('id="line-1"');
				busy = id;
			}
			await Promise.all(held);
		}
		expect(busy, "the service was never busy").toBeDefined();
		const { html } = await visit(narrow).open(`/reports/${busy}`);
		expect(html).not.toContain("The service is busy");
		expect(html).toContain('<div class="markdown">');
	});

	test("can be had as a PDF, with decision and assessment on the first page", async () => {
		const report = await submit(service, {
			report_data: `${fillTemplate()}\n\n![p](https://evil.example.com/x.png) Blåbærsyltetøy ❌ 漢`,
		});
		await decide(service, report.id, "rejected", {
			review_notes: "Ærlig talt: nei.",
		});
		const answer = await service.app.inject({
			url: `/reports/${report.id}.pdf`,
		});
		expect(answer.statusCode).toBe(200);
		const pages = await readPdf(answer.rawPayload);
		expect(pages[0]).toMatch(
			/Rejected.*platform@intility\.no.*Ærlig talt: nei\..*Assessment by the service.*36 of 36/s,
		);
		const rest = pages.slice(1).join(" ");
		expect(rest).toContain("Blåbærsyltetøy [fail] [U+6F22]");
		expect(rest).toContain(
			"[image not loaded: p https://evil.example.com/x.png]",
		);
	});
});

test.each([
	["in plain letters", "mcp-servicenow", 'filename="mcp-servicenow-r1.pdf"'],
	[
		"in Norwegian",
		"mcp blåbær",
		"filename=\"mcp-bl-b-r-r1.pdf\"; filename*=UTF-8''mcp-bl%C3%A5b%C3%A6r-r1.pdf",
	],
	[
		"in Japanese",
		"天気",
		"filename=\"report-r1.pdf\"; filename*=UTF-8''%E5%A4%A9%E6%B0%97-r1.pdf",
	],
	["with a path", '../x; y="z"', 'filename="..-x-y-z--r1.pdf"'],
	[
		"in many rare letters",
		"𠮷".repeat(100),
		`filename="report-r1.pdf"; filename*=UTF-8''${"%F0%A0%AE%B7".repeat(80)}-r1.pdf`,
	],
])(
	"a download is named after the server: %s",
	async (_what, server_name, name) => {
		const { id } = await submit(service, { server_name });
		const { headers } = await service.app.inject({ url: `/reports/${id}.pdf` });
		expect(headers["content-disposition"]).toBe(`attachment; ${name}`);
	},
);

test("a single warning is counted in the singular", async () => {
	const { id } = await submit(service, {
		server_name: "mcp-servicenow",
		report_data: fillTemplate({
			"OBS-4": { status: "⚠️ Warning", evidence: "Alerts follow in March" },
		}),
	});
	const { html } = await visit(service).open(`/reports/${id}`);
	expect(html).toContain("<small>1 warning</small>");
});

describe("a phase that the report calls passed though a check of it fails", () => {
	const fail = { status: "❌ Fail", evidence: "Not done" };
	const see = async (changes: Parameters<typeof fillTemplate>[0]) => {
		const { id } = await submit(service, {
			report_data: fillTemplate(changes),
		});
		const { html } = await visit(service).open(`/reports/${id}`);
		const { rawPayload } = await service.app.inject({
			url: `/reports/${id}.pdf`,
		});
		const [first = ""] = await readPdf(rawPayload);
		const phases = html.slice(html.indexOf('class="phases"'));
		const badges = [
			...phases.matchAll(
				/class="phase-title">([^<]*)<\/span> <span class="badge (\w+)">([^<]*)/g,
			),
		].map(([, ...found]) => found);
		return { badges, first };
	};

	test("is a failure on the report's page and in the PDF", async () => {
		const { badges, first } = await see({ "AUTH-1": fail });
		expect(badges).toContainEqual([
			"4. Authentication Validation",
			"bad",
			"Report says pass, AUTH-1 fails",
		]);
		expect(badges).toContainEqual(["2. Policy Compliance", "good", "Pass"]);
		expect(first).toMatch(
			/4\. Authentication Validation the report says pass, but AUTH-1 fails, 5 of 5 answered/,
		);
		expect(first).toMatch(/2\. Policy Compliance the report says pass, 9 of 9/);
	});

	test("tells how many fail, if there are several", async () => {
		const { badges, first } = await see({ "AUTH-1": fail, "AUTH-3": fail });
		expect(badges).toContainEqual([
			"4. Authentication Validation",
			"bad",
			"Report says pass, 2 checks fail",
		]);
		expect(first).toContain("the report says pass, but 2 checks fail");
	});
});

describe("a PDF leaves nothing out, and nothing stands beside its paper, of", () => {
	const digest = `ghcr.io/example/mcp@sha256:${"9f86d081884c7d65".repeat(4)}`;
	const endless = "Wm0".repeat(200);
	const row = (...cells: string[]) =>
		`| ${cells.join(" | ")} |\n|${"---|".repeat(cells.length)}\n| ${cells.join(" | ")} |`;

	test.each<[string, string, string, ("notes" | "text")?]>([
		["a digest in a cell", row("POL-2", "Pass", `Image ${digest}`), digest],
		["a word of 600 letters in a cell", row("1", "Pass", endless), endless],
		["a word of 600 letters as code", row("1", `\`${endless}\``), endless],
		["eight columns", row(...Array(8).fill(digest)), digest],
		[
			"a table in a list",
			`- a\n  - b\n\n    ${row("1", digest).replaceAll("\n", "\n    ")}`,
			digest,
		],
		["a block of code", `\`\`\`\n${endless}\n\`\`\``, endless],
		["a heading", `# ${endless}`, endless],
		[
			"a word that changes its type with every letter",
			"a*b*".repeat(300),
			"ab".repeat(300),
		],
		[
			"such words in eight columns",
			row(...Array(8).fill("a*b*".repeat(99))),
			"ab".repeat(99),
		],
		["the decision's notes", endless, endless, "notes"],
	])("%s", async (_what, text, whole, place = "text") => {
		const report = await submit(service, {
			report_data: place === "text" ? text : "# Report",
		});
		if (place === "notes") {
			await decide(service, report.id, "rejected", { review_notes: text });
		}
		const { rawPayload } = await service.app.inject({
			url: `/reports/${report.id}.pdf`,
		});
		const pages = await readPdf(rawPayload);
		expect(pages.join("").replaceAll(/\s/g, "")).toContain(whole);
		expect(await isAllOnPaper(rawPayload)).toBe(true);
	});
});

describe("a hostile report", () => {
	test.each(Object.entries(hostileMarkdown))(
		"with %s is shown and does nothing",
		async (_name, markdown) => {
			const { id: hostile } = await submit(service, {
				report_data: markdown,
				server_name: '<script>window.pwned=1</script>"',
			});
			const { status, html } = await visit(service).open(`/reports/${hostile}`);
			expect(status).toBe(200);
			expect(html.match(/<script/g)).toHaveLength(1);
			expect(
				html.match(
					/<(img|iframe|object|embed|svg|base|style|form action="\/reports\/x)/i,
				)?.[0],
			).toBeUndefined();
			expect(html.match(/<meta http-equiv/i)?.[0]).toBeUndefined();
			expect(
				html.match(
					/<\w+ [^>]*(href|src)="(javascript|data|vbscript|file|blob):/i,
				)?.[0],
			).toBeUndefined();
			expect(
				html.match(/[\u202A-\u202E\u2066-\u2069\u200B]/)?.[0],
			).toBeUndefined();
			for (const [, link = ""] of html.matchAll(
				/<a ([^>]*href="https?:[^>]*)>/g,
			)) {
				expect(link).toMatch(/rel="noopener noreferrer nofollow"/);
			}
		},
	);

	test("names the images it does not load, and where a link really goes", async () => {
		const { id: hostile } = await submit(service, {
			report_data: `${hostileMarkdown["remote images"]}\n\n${hostileMarkdown["misleading link"]}`,
		});
		const { html } = await visit(service).open(`/reports/${hostile}`);
		expect(html).toContain(
			"remote image blocked “alt”: https://evil.example.com/x.png",
		);
		expect(html).toContain("(goes to evil.example.com)");
	});
});

describe("deciding", () => {
	const form = (csrf: string, changes: Record<string, string> = {}) => ({
		csrf,
		status: "approved",
		reviewed_by: reviewer,
		review_notes: "",
		decisions_seen: "0",
		...changes,
	});

	test("asks for a confirmation that repeats the decision, and then decides", async () => {
		const report = await submit(service);
		const browser = visit(service);
		const csrf = await browser.tokenOf(report.id);
		const asked = await browser.post(
			`/reports/${report.id}/decide`,
			form(csrf, {
				status: "rejected",
				review_notes: "Tests use <production> data.",
			}),
		);
		expect(asked.status).toBe(200);
		expect(asked.html).toMatch(
			/Reject <bdi>mcp-servicenow<\/bdi>, revision 1\?/,
		);
		expect(asked.html).toContain("Tests use &lt;production&gt; data.");
		expect(await statusOf(report.id)).toBe("pending_review");
		const done = await browser.post(
			`/reports/${report.id}/decision`,
			form(tokenIn(asked.html), {
				status: "rejected",
				review_notes: "Tests use <production> data.",
			}),
		);
		expect(done).toMatchObject({
			status: 303,
			headers: { location: `/reports/${report.id}` },
		});
		const { html } = await browser.open(`/reports/${report.id}`);
		expect(html).toContain("<title>Rejected: mcp-servicenow, revision 1");
		expect(html).toMatch(/Rejected by <bdi>platform@example.com/);
		expect(html, "the reviewer is remembered").toContain(`value="${reviewer}"`);
	});

	test("needs notes to reject, and a reviewer always, and keeps what was typed", async () => {
		const report = await submit(service);
		const browser = visit(service);
		const csrf = await browser.tokenOf(report.id);
		for (const step of ["decide", "decision"]) {
			const { status, html } = await browser.post(
				`/reports/${report.id}/${step}`,
				form(csrf, { status: "rejected", reviewed_by: "Kim" }),
			);
			expect(status).toBe(400);
			expect(html).toContain("Say why: the developer needs it");
			expect(html).toContain('value="Kim"');
		}
		const { html } = await browser.post(
			`/reports/${report.id}/decide`,
			form(csrf, { reviewed_by: " ", review_notes: "Kept & shown" }),
		);
		expect(html).toContain('id="reviewed_by-problem"');
		expect(html).toContain("Kept &amp; shown");
		expect(await statusOf(report.id)).toBe("pending_review");
	});

	test("says who was faster and when, and loses nothing typed", async () => {
		for (const step of ["decide", "decision"]) {
			const report = await submit(service);
			const browser = visit(service);
			const csrf = await browser.tokenOf(report.id);
			await decide(service, report.id, "approved", { reviewed_by: "Robin" });
			const { status, html } = await browser.post(
				`/reports/${report.id}/${step}`,
				form(csrf, { status: "rejected", review_notes: "A long\nexplanation" }),
			);
			expect(status).toBe(409);
			expect(html).toMatch(
				/Approved<\/span> by <bdi>Robin<\/bdi> <time[^>]*title="\d{4}-/,
			);
			expect(html).toMatch(
				/role="alert">Robin approved this report already, at \d{4}-[\d: -]+ UTC\. Nothing was stored, and your notes are kept below\. To decide again, reopen the report first\.</,
			);
			expect(html).toContain(">\nA long\nexplanation</textarea>");
			expect(await statusOf(report.id)).toBe("approved");
		}
	});

	test("says who reopened a report before, and when", async () => {
		for (const step of ["decide", "decision"]) {
			const report = await submit(service);
			const browser = visit(service);
			const csrf = await browser.tokenOf(report.id);
			await decide(service, report.id, "approved", { reviewed_by: "Robin" });
			await decide(service, report.id, "pending_review", {
				reviewed_by: "Ann",
			});
			const { status, html } = await browser.post(
				`/reports/${report.id}/${step}`,
				form(csrf, {
					status: "pending_review",
					review_notes: "No OBO",
					decisions_seen: "1",
				}),
			);
			expect(status).toBe(409);
			expect(html).toMatch(
				/role="alert">Ann reopened this report already, at \d{4}-[\d: -]+ UTC\. Nothing was stored\./,
			);
			expect(html).not.toMatch(/decided this report|is pending_review/);
			expect(html).toContain(">\nNo OBO</textarea>");
		}
	});

	test("refuses a form of another site, another session or none", async () => {
		const report = await submit(service);
		const browser = visit(service);
		const csrf = await browser.tokenOf(report.id);
		const other = await visit(service).tokenOf(report.id);
		const attempts: [
			form: Record<string, string>,
			headers: Record<string, string>,
		][] = [
			[form(""), {}],
			[form(other), {}],
			[form(csrf.slice(0, -1)), {}],
			[form(csrf), { origin: "https://evil.example.com" }],
			[form(csrf), { origin: "http://127.0.0.1:9999" }],
			[form(csrf), { origin: "null" }],
			[form(csrf), { "sec-fetch-site": "cross-site" }],
			[form(csrf), { "sec-fetch-site": "same-site" }],
			[form(csrf), { cookie: "" }],
		];
		for (const [fields, headers] of attempts) {
			for (const step of ["decide", "decision"]) {
				const { status } = await browser.post(
					`/reports/${report.id}/${step}`,
					fields,
					headers,
				);
				expect(status, JSON.stringify([fields, headers])).toBe(403);
			}
		}
		const withoutOrigin = await service.app.inject({
			method: "POST",
			url: `/reports/${report.id}/decision`,
			headers: {
				"content-type": "application/x-www-form-urlencoded",
				cookie: `go_live_session=${browser.jar.get("go_live_session")}`,
			},
			payload: new URLSearchParams(form(csrf)).toString(),
		});
		expect(withoutOrigin.statusCode).toBe(403);
		expect(await statusOf(report.id)).toBe("pending_review");
	});

	test("from a page of an earlier session decides nothing, and loses nothing typed", async () => {
		const report = await submit(service);
		const earlier = await visit(service).tokenOf(report.id);
		const typed = { status: "rejected", review_notes: "Not <lost>" };
		for (const step of ["decide", "decision"]) {
			const browser = visit(service);
			const url = `/reports/${report.id}/${step}`;
			const again = await browser.post(url, form(earlier, typed));
			expect(again.status).toBe(403);
			expect(again.html).toContain("this form belongs to an earlier session");
			expect(again.html).toContain(">\nNot &lt;lost&gt;</textarea>");
			expect(again.html).toContain(`value="${reviewer}"`);
			expect(await statusOf(report.id)).toBe("pending_review");
			const asked = await browser.post(
				`/reports/${report.id}/decide`,
				form(tokenIn(again.html), typed),
			);
			expect(asked.status).toBe(200);
		}
	});

	test("begins at the report again when the address of a step is loaded anew", async () => {
		const report = await submit(service);
		for (const step of ["decide", "decision"]) {
			const url = `/reports/${report.id}/${step}?status=all&search=b%C3%A5`;
			const { status, headers } = await visit(service).open(url);
			expect(status).toBe(303);
			expect(headers.location).toBe(
				`/reports/${report.id}?status=all&search=b%C3%A5`,
			);
		}
		const hostile = "/reports/%0d%0aSet-Cookie:x%2f..%2f/decide";
		const { status, headers } = await visit(service).open(hostile);
		expect(status).toBe(303);
		expect(headers.location).toBe("/reports/%0D%0ASet-Cookie%3Ax%2F..%2F");
		const elsewhere = await visit(service).open(`/reports/${id}/withdraw`);
		expect(elsewhere.status, "nobody withdraws without a name").toBe(404);
	});

	test("is nothing that a link can do", async () => {
		const report = await submit(service);
		const browser = visit(service);
		const query = new URLSearchParams(form(await browser.tokenOf(report.id)));
		for (const path of ["", "/decide", "/decision", "/compare", "/raw"]) {
			await browser.open(`/reports/${report.id}${path}?${query}`);
		}
		expect(await statusOf(report.id)).toBe("pending_review");
	});

	test("works in every instance with the session of any", async () => {
		const report = await submit(service);
		const browser = visit(service);
		const csrf = await browser.tokenOf(report.id);
		const second = visit(
			await startService(undefined, { databaseUrl: service.databaseUrl }),
		);
		second.jar.set("go_live_session", browser.jar.get("go_live_session") ?? "");
		const { status } = await second.post(
			`/reports/${report.id}/decision`,
			form(csrf),
		);
		expect(status).toBe(303);
	});

	test("keeps the session where no script and no other site can use it", async () => {
		const plain = await visit(service).open(`/reports/${id}`);
		expect(String(plain.headers["set-cookie"])).toMatch(
			/^go_live_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/,
		);
		const secured = await startService(undefined, {
			databaseUrl: service.databaseUrl,
			PUBLIC_URL: "https://go-live.example.com",
		});
		const { headers } = await visit(secured).open(`/reports/${id}`);
		expect(String(headers["set-cookie"])).toMatch(
			/^__Host-go_live_session=.*; Secure/,
		);
	});

	const statusOf = async (report: string) =>
		(await service.ask({ url: `/api/v1/reports/${report}` })).body.status;
});

describe("a comparison", () => {
	test("shows changed checks first, and then the text word by word", async () => {
		const repository_url = `https://github.com/example/${randomUUID()}`;
		const failing = { status: "❌ Fail", evidence: "A service principal" };
		const first = await submit(service, {
			repository_url,
			report_data: fillTemplate({ "AUTH-1": failing }),
		});
		await decide(service, first.id, "rejected", { review_notes: "No." });
		const second = await submit(service, {
			repository_url,
			report_data: fillTemplate(),
		});
		const { html } = await visit(service).open(`/reports/${second.id}/compare`);
		expect(html).toMatch(
			/AUTH-1<\/a>.*Fail<\/span><\/td><td><span class="badge good">Pass/s,
		);
		expect(html).toMatch(/<del>.*Fail.*<\/del>.*<ins>.*Pass/s);
		expect(html).toMatch(/\d+ unchanged lines/);
	});

	test("has the earlier revision before the later one, and no other server's", async () => {
		const repository_url = `https://github.com/example/${randomUUID()}`;
		const revisions: string[] = [];
		for (const word of ["alpha", "beta", "gamma"]) {
			const { id } = await submit(service, {
				repository_url,
				report_data: `# Report\n\n${word}\n`,
			});
			revisions.push(id);
			await decide(service, id, "rejected", { review_notes: "No." });
		}
		const [first = "", , third = ""] = revisions;
		const { id: foreign } = await submit(service);
		const compare = (id: string, query = "") =>
			visit(service).open(`/reports/${id}/compare${query}`);
		for (const [id, other] of [
			[third, first],
			[first, third],
			[first, third.toUpperCase()],
		] as const) {
			const { html } = await compare(id, `?with=${other}`);
			expect(html).toContain("revision 1 to 3</h1>");
			expect(html).toMatch(/<del>.*alpha.*<\/del>.*<ins>.*gamma/s);
			expect(html).toContain(`<a href="/reports/${id}">‹ Revision`);
			expect(html).toMatch(
				new RegExp(`value="${other.toLowerCase()}" selected`),
			);
		}
		for (const query of ["", "?with=", `?with=${third}`]) {
			const { html } = await compare(third, query);
			expect(html, query).toContain("revision 2 to 3</h1>");
		}
		const { html } = await compare(first);
		expect(html).toContain("There is no earlier revision.");
		expect(html).toContain(`<option value="${third}" >Revision 3`);
		for (const other of [foreign, notThere, "x", `${first}&with=${third}`]) {
			const { status, html } = await compare(third, `?with=${other}`);
			expect(status, other).toBe(404);
			expect(html).toContain("This server has no such revision.");
		}
	});
});

describe("errors", () => {
	test("are pages for browsers, and stay problems for programs", async () => {
		for (const url of ["/nowhere", `/reports/${notThere}`]) {
			const page = await visit(service).open(url);
			expect(page.status).toBe(404);
			expect(page.html).toContain("Nothing was found here");
			expect(page.html).toMatch(/Request id/);
		}
		const { headers } = await service.ask({ url: "/nowhere" });
		expect(headers["content-type"]).toContain("application/problem+json");
		for (const url of ["/api/v1/nowhere", `/api/v1/reports/${notThere}`]) {
			const { headers } = await visit(service).open(url);
			expect(headers["content-type"]).toContain("application/problem+json");
		}
	});

	test("help when the database is away", async () => {
		const report = await submit(service);
		const here = visit(service);
		const csrf = await here.tokenOf(report.id);
		const browser = visit(
			await startService(undefined, {
				databaseUrl: "postgresql://nobody@127.0.0.1:1/nothing",
			}),
		);
		browser.jar.set("go_live_session", here.jar.get("go_live_session") ?? "");
		const answers: PageAnswer[] = [
			await browser.open("/"),
			...(await Promise.all(
				["decide", "decision"].map((step) =>
					browser.post(`/reports/${report.id}/${step}`, {
						csrf,
						status: "approved",
						reviewed_by: reviewer,
						review_notes: "Not lost",
					}),
				),
			)),
		];
		for (const { status, html, headers } of answers) {
			expect(status).toBe(503);
			expect(headers["retry-after"]).toBe("5");
			expect(html).toContain("The database does not answer");
		}
		for (const { html } of answers.slice(1)) {
			expect(html).toContain("Not lost</textarea>");
		}
	});
});

function rowsOf(html: string): string[] {
	return [
		...html.matchAll(/href="\/reports\/([\w-]{36})[^"]*" data-row-link/g),
	].map(([, id]) => id ?? "");
}
