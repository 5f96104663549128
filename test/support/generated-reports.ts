import fc from "fast-check";
import { allChecks } from "../../src/checklist/checklist.ts";

const id = fc.constantFrom(...allChecks.map(({ check }) => check.id));
const status = fc.constantFrom(
	...["✅ Pass", "❌ Fail", "⚠️ Warning", "➖ N/A", "✅", "PASS", "Fail"],
	...["~✅ Pass~", "~~✅ Pass~~", "<s>✅ Pass</s>", "<br>✅ Pass", "`✅ Pass`"],
	...[
		"**✅ Pass**",
		"✅\u200B Pass",
		"&#9989; Pass",
		"[✅ Pass](https://a.no)",
	],
);
const hidden = fc.constantFrom("\u200B", "\u202E", "\u00AD", "\uFEFF", "\f");

/** A check's name: plain, in other signs for the same letters, or struck out and marked up. */
const name = fc.tuple(id, hidden).chain(([id, hidden]) => {
	const [phase = "", number = ""] = id.split("-");
	return fc.constantFrom(
		...[id, id, id, id, `**${id}**`, `*${id}*`, `\`${id}\``, `~${id}~`],
		...[`${phase}&#45;${number}`, `${phase}\\-${number}`, `${phase}${number}`],
		...[`${hidden}${id}`, `${id}${hidden}`, `${phase}_0${number}`, `~~${id}~~`],
		...[`[${id}](https://a.no "t")`, `[${id}]`, `[${id}][a]`, `<b>${id}</b>`],
		...[`${phase}${hidden}-${number}`, `<!-- x --> ${id}`, `![${id}](x.png)`],
		`<span hidden>${id}`,
	);
});

/** One place that answers a check, in the ways that people and machines write it. */
const answer = fc
	.tuple(name, status, fc.constantFrom("", "run 5512", "a \\| b", "[^a]", "|"))
	.chain(([name, status, evidence]) =>
		fc.constantFrom(
			`| ${name} | ${status} | ${evidence} |`,
			`| ${name} | ${status} | ${evidence} |`,
			`${name} | ${status} | ${evidence}`,
			`| Check | Status |\n|---|---|\n| ${name} | ${status} | ${evidence} |`,
			`Check | Status\n-|-\n${name} | ${status}`,
			`- ${name}: ${status} ${evidence}`,
			`1. ${name}: ${status}`,
			`- [x] ${name} ${evidence}`,
			`${name}: ${status}`,
			`### ${name}: ${status}`,
			`${name}: ${status}\n---`,
			`### ${name}\n\nStatus: ${status}`,
			`- ${name}\n  - Status: ${status}`,
		),
	);

/** Text around answers, which may swallow them. */
const noise = fc.constantFrom(
	...["| Check | Status | Evidence |\n|---|---|---|", "## Phase 1: Security"],
	...["[^a]: x", "[a]: /u", "[a]: /u 'title", "[a]:", '[b]: <u> "t"', "[^a]:"],
	...["<!-- note", "<!-- note -->", "-->", "<div hidden>", "</div>", "<div>"],
	...[
		"<script>",
		"</script>",
		"<?php",
		"?>",
		"<!DOCTYPE x>",
		"<![CDATA[",
		"]]>",
	],
	...["<style>", "<pre>", "<b>", "<details>", "</details>", "<s>", "</s>"],
	...["```", "~~~", "```yaml SEC-1: pass", "    indented", "\tindented", "---"],
	...["===", "> quoted", ">", "- item", "  - deeper", "1. one", "text", "***"],
	...["\\", "`", "*", "~", "~~", "[", "](", "|", "||", "\uFEFF", "\0", "\f"],
	...[
		"> > > lazy",
		"&nbsp;",
		"Security Assessment: PASS",
		"a  ",
		"#",
		"\u1FEF",
	],
);

const ending = fc.constantFrom(
	"\n",
	"\n",
	"\n",
	"\n\n",
	"\r\n",
	"\r",
	"\n\n\n",
);
const prefix = fc.constantFrom(
	...[
		"",
		"",
		"",
		"",
		"",
		"",
		"> ",
		"- ",
		"  ",
		"    ",
		"\t",
		"1. ",
		"> - ",
		">\t",
	],
);

const piece = fc
	.tuple(
		fc.oneof({ weight: 3, arbitrary: answer }, { weight: 2, arbitrary: noise }),
		prefix,
		ending,
	)
	.map(([text, prefix, ending]) => text.replaceAll(/^/gm, prefix) + ending);

/** Texts that answer checks amid everything that Markdown makes of lines. */
export const generatedReport: fc.Arbitrary<string> = fc
	.tuple(
		fc.constantFrom("", "", "", "\uFEFF", "[a]: /u\n\n", "e\u0301\n\n"),
		fc.array(piece, { minLength: 1, maxLength: 14 }),
	)
	.map(([start, pieces]) => start + pieces.join(""));
