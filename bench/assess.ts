/**
 * CPU time of one assessment by size and shape: `node bench/assess.ts [shape]`.
 * Every time is the fastest of several runs, warmed up, and is compared with a
 * plain report of the same size in the same moment, so that what else the
 * machine does matters little. What is plain is a report as people write it,
 * table after table; prose is far cheaper, since it claims nothing.
 */
import { assessReport } from "../src/checklist/assess.ts";
import { readableLength } from "../src/checklist/parse-running-text.ts";
import { fillTemplate, prose } from "./samples.ts";

const kibibyte = 1024;
const sizes = [8, 64, 1024].map((size) => size * kibibyte);

const filled = fillTemplate();

const shapes: Record<string, (size: number) => string> = {
	"plain: filled template, repeated": (size) => fill(filled, size),
	"filled template, then prose": (size) => filled + fill(prose, size),
	prose: (size) => fill(prose, size),
	"paragraphs of brackets": (size) => paragraphs("[", size),
	"paragraphs of images": (size) => paragraphs("![", size),
	"paragraphs with some brackets": (size) =>
		paragraphs(`[${"a".repeat(90)}`, size),
	"paragraphs with some images": (size) =>
		paragraphs(`![${"a".repeat(90)}`, size),
	"paragraphs of links": (size) => paragraphs("[a](", size),
	"paragraphs of pairs": (size) => paragraphs("[a][b]", size),
	"paragraphs of emphasis": (size) => paragraphs("*a ", size),
	"paragraphs of strong emphasis": (size) => paragraphs("**a", size),
	"paragraphs of mixed emphasis": (size) => paragraphs("*_~~a ", size),
	"paragraphs of backticks": (size) => paragraphs("`a", size),
	"paragraphs of comments": (size) => paragraphs("a <!-- b ", size),
	"paragraphs of declarations": (size) => paragraphs("a <!A b ", size),
	"paragraphs of tags": (size) => paragraphs("<a b='", size),
	"paragraphs of autolinks": (size) => paragraphs("<https://a.b/", size),
	"paragraphs of entities": (size) => paragraphs("&amp;&", size),
	"paragraphs of backslashes": (size) => paragraphs("\\", size),
	"paragraphs of words": (size) => paragraphs("ignore the ", size),
	"paragraphs of ticks": (size) => paragraphs("✅ SEC-1 ", size),
	"lines of ticks": (size) => paragraphs("SEC-1: ✅ Pass\n", size),
	"one long line": (size) => fill("word ", size),
	"one long cell": (size) =>
		`| Check | Status |\n|---|---|\n| SEC-1 | ${fill("word ", size)} |\n`,
	"thousands of tables": (size) =>
		fill("| Check | Status |\n|---|---|\n| SEC-1 | ✅ |\n\n", size),
	"one table, thousands of rows": (size) =>
		`| Check | Status | Evidence |\n|---|---|---|\n${fill("| SEC-1 Private data | ✅ Pass | yes |\n", size)}`,
	"table rows of pipes": (size) =>
		`|a|b|\n|-|-|\n${fill("||||||||||||\n", size)}`,
	"wide table head": (size) =>
		`${fill("|a", size / 2)}|\n${fill("|-", size / 2)}|\n`,
	"wide table, short rows": (size) =>
		`${fill("|a", size / 8)}|\n${fill("|-", size / 8)}|\n${fill("|x\n", size / 2)}`,
	"ticked bullets": (size) => fill("- ✅ No audio content\n", size),
	"task list": (size) =>
		fill("- [x] SEC-1 Access to private data: OBO\n", size),
	"nested quotes": (size) => fill("> ", size),
	"quotes 90 deep": (size) => fill(`${"> ".repeat(90)}a\n`, size),
	"nested lists": (size) =>
		nest((depth) => `${" ".repeat(depth * 2)}- a\n`, size),
	"lists on one line": (size) => fill(`${"- ".repeat(90)}a\n`, size),
	"unclosed brackets": (size) => fill("[", size),
	"unclosed image brackets": (size) => fill("![", size),
	"unclosed links": (size) => fill("[a](", size),
	"closed brackets": (size) => fill("[", size / 2) + fill("]", size / 2),
	"unclosed emphasis": (size) => fill("*a ", size),
	"mixed emphasis": (size) => fill("*_~~a ", size),
	"backticks of every length": (size) => nest((n) => `${"`".repeat(n)} `, size),
	"unclosed fence": (size) => `\`\`\`\n${fill("| SEC-1 | ✅ |\n", size)}`,
	fences: (size) => fill("```\n", size),
	"unclosed comments": (size) => fill("a <!-- b ", size),
	"unclosed tags": (size) => fill("<a b='", size),
	"HTML blocks": (size) => fill("<div>\n\n", size),
	"processing instructions": (size) => fill("a <? b ", size),
	"character data": (size) => fill("a <![CDATA[ b ", size),
	autolinks: (size) => fill("<https://example.com/", size),
	entities: (size) => fill("&amp;&#35;&", size),
	backslashes: (size) => fill("\\", size),
	"link definitions": (size) => nest((n) => `[a${n}]: /u\n`, size, true),
	"link definitions, unclosed titles": (size) => fill('[a]: /u "\n', size),
	"setext underlines": (size) => fill("a\n=\n", size),
	"paragraphs of one letter": (size) => fill("a\n\n", size),
	"list items of one letter": (size) => fill("- a\n\n", size),
	"tables of one letter": (size) => fill("|a|\n|-|\n\n", size),
	"headings of one letter": (size) => fill("# a\n", size),
	"paragraphs with hidden characters": (size) => fill("abc\u200B\n\n", size),
	"paragraphs that answer": (size) => fill("TLS: ok\n\n", size),
	"headings that answer": (size) => fill("# TLS: ok\n", size),
	headings: (size) => fill("# SEC-1 Access to private data\n", size),
	"bold labels": (size) => fill("**Security Assessment:** PASS\n", size),
	emoji: (size) => fill("✅❌", size),
	colons: (size) => fill(": ", size),
	"hidden characters": (size) => fill("a\u200B\n", size),
	"almost instructions": (size) => fill("ignore all the previous ", size),
	approve: (size) => fill("approve ", size),
	placeholders: (size) => fill("[...] TODO\n", size),
	tabs: (size) => fill("\t", size),
	"blank lines": (size) => fill("\n", size),
	"carriage returns": (size) => fill("a\r\n", size),
	"control characters": (size) => fill("\u0000\u0001", size),
	"lone surrogates": (size) => fill("\uD800", size),
};

const only = process.argv[2];
console.log(
	["shape", ...sizes.flatMap((size) => [`${size / kibibyte} KiB`, "of plain"])]
		.map((cell, index) => (index === 0 ? cell.padEnd(38) : cell.padStart(12)))
		.join(""),
);
// So that no line pays for what is compiled at first use.
for (const make of Object.values(shapes)) measure(make(8192).slice(0, 8192));
const [plain] = Object.keys(shapes);
for (const [name, make] of Object.entries(shapes)) {
	if (only && name !== plain && !name.includes(only)) continue;
	const cells = sizes.flatMap((size) => {
		// A machine that others use, too, is now quick and now slow: both are measured in the same moment.
		const reference = measure(fill(filled, size).slice(0, size));
		const time = measure(make(size).slice(0, size));
		return [`${time.toFixed(2)} ms`, `${(time / reference).toFixed(1)} x`];
	});
	console.log(
		name.padEnd(38) + cells.map((cell) => cell.padStart(12)).join(""),
	);
}

function measure(report: string): number {
	// Short ones are the most at the mercy of what else the machine does.
	const runs = Math.max(5, Math.min(50, Math.round(1_000_000 / report.length)));
	let best = Number.POSITIVE_INFINITY;
	for (let run = 0; run < runs; run += 1) {
		const before = process.cpuUsage();
		assessReport(report);
		const { user, system } = process.cpuUsage(before);
		best = Math.min(best, (user + system) / 1000);
		if (best > 5000) break;
	}
	return best;
}

/** Paragraphs as long as they are read. */
function paragraphs(text: string, size: number): string {
	const paragraph = `a${fill(text, readableLength)}`.slice(0, readableLength);
	return fill(`${paragraph}\n\n`, size);
}

function fill(text: string, size: number): string {
	return text.repeat(Math.ceil(size / text.length));
}

function nest(
	make: (index: number) => string,
	size: number,
	flat = false,
): string {
	let text = "";
	for (let index = 1; text.length < size; index += 1)
		text += make(flat ? index : index % 400);
	return text;
}
