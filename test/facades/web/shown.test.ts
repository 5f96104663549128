import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assessReport } from "../../../src/checklist/assess.ts";
import type { CheckAnswer } from "../../../src/checklist/assessment-schema.ts";
import { allChecks } from "../../../src/checklist/checklist.ts";
import {
	findPhrases,
	indexPhrases,
	toWords,
} from "../../../src/checklist/phrases.ts";
import { checkWordings } from "../../../src/checklist/wordings/checks.ts";
import { renderMarkdown } from "../../../src/facades/web/markdown/render.ts";
import { typesetMarkdown } from "../../../src/facades/web/pdf/markdown.ts";
import { typesetReport } from "../../../src/facades/web/pdf/typeset.ts";
import type { Report } from "../../../src/features/reports/schema.ts";
import { fillTemplate } from "../../support/fill-template.ts";
import { generatedReport } from "../../support/generated-reports.ts";
import { hostileMarkdown } from "../../support/hostile-markdown.ts";
import { readPdf } from "../../support/read-pdf.ts";
import {
	classOf,
	elementAt,
	elementsOf,
	parsePage,
	type Shown,
	textOf,
} from "../../support/shown-page.ts";
import { typesetText } from "../../support/typeset-text.ts";

const phrases = new Map(
	allChecks.map(({ check: { id, title } }) => {
		const { good = [], bad = [], parts = {} } = checkWordings[id] ?? {};
		const all = [title, ...good, ...bad, ...Object.values(parts).flat()];
		return [id, indexPhrases(all.map((phrase) => [phrase, true] as const))];
	}),
);
const statusField = /^\s*\W*(status|result|resultat)\W/im;

/** Whether a text names a check, by its id or in words that it is known by. */
function names(id: string, text: string): boolean {
	const [phase, number] = id.split("-");
	// The two signs that PDFs write out characters with are none of a check's name.
	const said = text.replaceAll(/\[U\+[0-9A-F]+\]/g, " ");
	const byId = new RegExp(`${phase}[\\s\\W_]{0,9}0?${number}(?!\\d)`, "iu");
	const words = phrases.get(id);
	return (
		byId.test(said) ||
		(words !== undefined && findPhrases(words, toWords(said)).length > 0)
	);
}

function answersTo(report: string): CheckAnswer[] {
	return assessReport(report)
		.phases.flatMap(({ checks }) => checks)
		.filter(({ status }) => status !== "missing");
}

/** What answers nothing, and looks like it. */
function isUnread(shown: Shown): boolean {
	return (
		shown.tag === "del" ||
		shown.tag === "pre" ||
		/^(unread|blocked|raw-html)$/.test(classOf(shown))
	);
}

/** A report as its readers have it. */
function show(report: string) {
	const { html, anchors } = renderMarkdown(report);
	return { page: parsePage(html), anchors, pdf: typesetMarkdown(report) };
}

/** The answers of a report that its page or its PDF does not show, or not at their line. */
function findUnseen(report: string, shown = show(report)): string[] {
	const { page, anchors } = shown;
	const whole = textOf(page, isUnread);
	const pdf = typesetText(shown.pdf);
	return answersTo(report).flatMap(({ id, line }) => {
		const element = elementAt(page, anchors, line ?? 0);
		const there = element ? textOf(element, isUnread) : "";
		// "Status: Pass" answers for the heading or item above it.
		const isThere = names(id, there) || statusField.test(there);
		return [
			...(names(id, whole) ? [] : [`${id} is not on the page`]),
			...(names(id, pdf) ? [] : [`${id} is not in the PDF`]),
			...(isThere ? [] : [`${id} is not at line ${line}`]),
		];
	});
}

const samples = readdirSync(new URL("../../reports/", import.meta.url))
	.filter((file) => file.endsWith(".md"))
	.map((file): [string, string] => [
		file,
		readFileSync(new URL(`../../reports/${file}`, import.meta.url), "utf8"),
	]);

const table = fillTemplate();
const row = "| Check | Status |\n|---|---|\n| SEC-4 | ✅ Pass |\n";

/** How something before, around or in a table of answers could take it off the page. */
const neighbours: Record<string, string> = {
	"a footnote that nothing refers to": `[^a]: x\n${row}`,
	"a footnote in the middle of a report": table.replaceAll(
		"\n| Check",
		"\n[^a]: x\n| Check",
	),
	"a link definition": `[a]: x\n${row}`,
	"a definition with a title that goes on": `[a]: x 'y\n${row}`,
	"a definition whose address is on the next line": `[a]:\n${row}`,
	"a definition in a list": `- [^a]: x\n${row.replaceAll(/^/gm, "  ")}`,
	"a footnote with an indented table": `[^a]: x\n\n${row.replaceAll(/^/gm, "    ")}`,
	"a list item with an indented table": `- x\n\n${row.replaceAll(/^/gm, "    ")}`,
	"a definition in a quote": `> [^a]: x\n\n${row}`,
	"a setext heading": "[^a]: x\nSEC-4: ✅ Pass\n===\n",
	"a heading of several lines": "text\nSEC-4: ✅ Pass\n---\n",
	"lazy continuation of a list": "- text\nSEC-4: ✅ Pass\n",
	"lazy continuation of a footnote": "[^a]: text\nSEC-4: ✅ Pass\n",
	"a table without leading pipes":
		"[^a]: x\na | Status\n-|-\nSEC-4 | ✅ Pass\n",
	"HTML of type 1": `<pre></pre>\n${row}`,
	"HTML of type 2": `<!-- a -->\n${row}`,
	"HTML of type 3": `<?a?>\n${row}`,
	"HTML of type 4": `<!A>\n${row}`,
	"HTML of type 5": `<![CDATA[]]>\n${row}`,
	"HTML of type 6": `<div>\n\n${row}`,
	"HTML of type 7": `<b>\n\n${row}`,
	"HTML inside a paragraph": `a <b>\n${row}`,
	"a comment that ends at once": `a <!--> ${"x"}\n${row}`,
	"an open comment in a line": `a <!-- b\n${row}`,
	"indented code": `    code\n${row}`,
	"a tab": `\tcode\n${row}`,
	"a byte order mark": `\uFEFF${row}`,
	"a byte order mark before a definition": `\uFEFF[^a]: x\n${row}`,
	"a NUL": `[^a]: \0\n${row}`,
	"a form feed": `\f\n[^a]: x\f\n${row}`,
	CRLF: `[^a]: x\n${row}`.replaceAll("\n", "\r\n"),
	"CR alone": `[^a]: x\n${row}`.replaceAll("\n", "\r"),
	"all line endings": `[^a]: x\r\n${row.replace("\n", "\r")}`,
	"a letter that becomes a sign of code": `e\u0301\n\n\u1FEF\u1FEF\u1FEF\n${row}`,
	"a paragraph in a tight list": "- a\n  - b\n  # h\n  SEC-4: ✅ Pass\n",
	"two definitions of one name": `[^a]: x\n[^a]: y\n${row}`,
	"a directive": `:::note\n${row}:::\n`,
	"front matter": `---\na: b\n---\n${row}`,
	math: `$$\n${row}$$\n`,
};

describe("what is assessed is shown, on the page and in the PDF", () => {
	test.each(samples)("of the sample %s", async (_file, report) => {
		expect(findUnseen(report)).toEqual([]);
		const pdf = await typesetPages(report);
		const missing = answersTo(report).filter(({ id }) => !names(id, pdf));
		expect(missing).toEqual([]);
	});

	test.each(Object.entries(hostileMarkdown))(
		"of a report with %s",
		(_name, text) => {
			expect(findUnseen(`${text}\n\n${table}`)).toEqual([]);
			expect(findUnseen(`${table}\n\n${text}`)).toEqual([]);
		},
	);

	test.each(Object.entries(neighbours))("after %s", (_name, report) => {
		expect(findUnseen(report)).toEqual([]);
	});

	test("of 5,000 generated reports, and nothing is swallowed", () => {
		let answers = 0;
		fc.assert(
			fc.property(generatedReport, (report) => {
				const shown = show(report);
				answers += answersTo(report).length;
				expect(findUnseen(report, shown)).toEqual([]);
				expect(findSwallowed(report, shown)).toEqual([]);
			}),
			{ numRuns: 5_000, seed: 12 },
		);
		expect(answers, "enough of them answer something").toBeGreaterThan(5_000);
	}, 180_000);
});

describe("what Markdown would swallow is shown as plain text with a note", () => {
	const deep = `${"> ".repeat(10_000)}SEC-4: ✅ Pass`;
	const wide = `${"|a".repeat(70)}|\n${"|-".repeat(70)}|\n| SEC-4 | ✅ Pass |`;
	test.each<[string, string, string]>([
		["a footnote", "[^a]: SEC-4", "a link definition"],
		["a definition in a list", "- [a]: SEC-4", "a link definition"],
		["its title", "[a]: x 'y\nSEC-4: ✅ Pass'", "a link definition"],
		["a comment", "<!-- SEC-4: ✅ Pass -->", "HTML"],
		["an instruction", "<?SEC-4: ✅ Pass?>", "HTML"],
		["a script", "<script>\n\nSEC-4: ✅ Pass\n\n</script>", "HTML"],
		["a hidden list", "<div hidden>\n\n- SEC-4: ✅ Pass", "hidden by HTML"],
		["a hidden table", `<div hidden>\n\n${row}`, "hidden by HTML"],
		["a hidden heading", "<div hidden>\n\n# SEC-4: ✅ Pass", "hidden by HTML"],
		["deep quotes", deep, "nested too deeply"],
		["deep lists", deep.replaceAll(">", "-"), "nested too deeply"],
		["a wide table", wide, "a table too wide"],
		["surplus cells", "| a |\n|---|\n| b | SEC-4 |", "beyond the columns"],
		["a long paragraph", `${"a ".repeat(9_000)}SEC-4`, "longer than 16,384"],
		["a long heading", `# ${"a ".repeat(9_000)}SEC-4`, "longer than 16,384"],
		[
			"a long cell",
			`| a |\n|---|\n| ${"a ".repeat(9_000)}SEC-4 |`,
			"longer than 16,384",
		],
		["many brackets", `${"[".repeat(201)}SEC-4`, "more than 200 brackets"],
	])("%s", (_name, report, why) => {
		expect(answersTo(report)).toEqual([]);
		const page = parsePage(renderMarkdown(report).html);
		const notes = [...elementsOf(page)].filter(
			(shown) =>
				/^(unread|blocked)$/.test(classOf(shown)) &&
				textOf(shown).includes("Not read as an answer") &&
				textOf(shown).includes(why),
		);
		expect(notes.map((shown) => textOf(shown)).join()).toContain("SEC-4");
		const pdf = JSON.stringify(typesetMarkdown(report));
		expect(pdf).toContain("Not read as an answer");
		expect(pdf).toContain("SEC-4");
	});

	test.each([
		["~✅ Pass~", "~single~ tildes"],
		["~~✅ Pass~~", "double tildes"],
		["<s>✅ Pass</s>", "HTML that strikes out"],
		["<del>✅ *Pass*</del>", "HTML around markup"],
		["<span hidden>✅ Pass</span>", "HTML that hides"],
	])("%s looks struck out, as it is read", (status) => {
		const report = fillTemplate({ "POL-5": { status, evidence: "run 5512" } });
		expect(answersTo(report).map(({ id }) => id)).not.toContain("POL-5");
		const { html } = renderMarkdown(report);
		expect(html).toMatch(/<del>✅ (<\/del><em><del>)?Pass<\/del>/);
	});

	test.each(["took ~5 to ~10 ms", "~/bin and /~kim", "a~b~c", "\\~a\\~"])(
		"%s is not struck out",
		(text) => {
			expect(renderMarkdown(text).html).not.toContain("<del>");
		},
	);
});

describe("a page of a report is made of our own tags around text", () => {
	const tags =
		/^(h[3-6]|p|ul|ol|li|blockquote|pre|code|table|thead|tbody|tr|th|td|div|span|a|strong|em|del|hr|br)$/;
	const attributes: Record<string, RegExp> = {
		id: /^(line-\d+|md-[^ ]*)$/u,
		class:
			/^(blocked|unread|raw-html|hidden-char|task|scroll|heading-link|contains-task-list|task-list-item|(hljs ?)?(language-[\w#+.-]+)?|hljs-[\w -]+)$/,
		href: /^(https?:|mailto:|#(md|line)-)/,
		rel: /^noopener noreferrer nofollow$/,
		target: /^_blank$/,
		title: /^(https?|mailto):/,
		role: /^(img|group)$/,
		"aria-label": /^(Done|Not done|Table|Link to .*)$/s,
		tabindex: /^0$/,
		align: /^(left|right|center)$/,
		start: /^\d+$/,
	};
	const findForeign = (report: string) => {
		const ids = new Set<string>();
		const foreign: string[] = [];
		for (const shown of elementsOf(parsePage(renderMarkdown(report).html))) {
			if (!tags.test(shown.tag)) foreign.push(shown.tag);
			for (const [name, value] of shown.attributes) {
				if (!attributes[name]?.test(value)) foreign.push(`${name}=${value}`);
				if (name === "id" && ids.has(value)) foreign.push(`${value} twice`);
				if (name === "id") ids.add(value);
			}
		}
		return foreign;
	};

	test.each(Object.entries(hostileMarkdown))("with %s", (_name, text) => {
		expect(findForeign(text)).toEqual([]);
		expect(findForeign(`${table}\n\n\`\`\`html\n${text}\n`)).toEqual([]);
	});

	test("whatever is generated", () => {
		const hostile = fc.constantFrom(...Object.values(hostileMarkdown));
		const texts = fc
			.array(fc.oneof(generatedReport, hostile), { maxLength: 3 })
			.map((texts) => texts.join(""));
		fc.assert(
			fc.property(texts, (report) => {
				expect(findForeign(report)).toEqual([]);
			}),
			{ numRuns: 1_000, seed: 12 },
		);
	});
});

/** Ids of checks that stand more often in a report than on its page or in its PDF. */
function findSwallowed(
	report: string,
	{ page, pdf }: ReturnType<typeof show>,
): string[] {
	const sent = countIds(report);
	return [textOf(page), JSON.stringify(pdf)]
		.map(countIds)
		.flatMap((shown) =>
			[...sent].flatMap(([id, count]) =>
				(shown.get(id) ?? 0) < count ? [id] : [],
			),
		);
}

function countIds(text: string): Map<string, number> {
	const ids = text.match(/(SEC|POL|INF|AUTH|OBS|VER)-\d+/g) ?? [];
	const counts = new Map<string, number>();
	for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
	return counts;
}

async function typesetPages(report_data: string): Promise<string> {
	const report = {
		...{ id: "", server_name: "a", repository_url: "b", developer_email: "c" },
		...{ revision: 1, status: "pending_review", submitted_at: "" },
		...{ content_sha256: "", report_data, subfolder: null },
	} as Report;
	const pdf = await typesetReport({
		report,
		assessment: assessReport(""),
		history: { decision_count: 0, decisions: [], open_approvals: [] },
	});
	const pages = await readPdf(Buffer.from(pdf));
	const start = pages.findIndex((page) => page.startsWith("Report "));
	return pages.slice(start).join(" ");
}
