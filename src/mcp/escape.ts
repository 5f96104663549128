import { hiddenCharacter } from "../hidden-characters.ts";

// What came out of a report is untrusted: `inline` and `fence` keep it inside
// its cell, its line or its block, whatever it holds.

/** One line of plain text: no Markdown of its own, no line breaks, no hidden characters. */
export function inline(text: string): string {
	if (isHarmless.test(text)) return text;
	return oneLine(text).replace(/[\\`*[\]<>|~!]/g, "\\$&");
}

/** What most names and addresses are: nothing in them means anything to Markdown. */
const isHarmless = /^[\w./:@-]+$/;

/** One line in which every character is seen. */
export function oneLine(text: string): string {
	if (isPlainLine.test(text)) return text;
	return text
		.trim()
		.replace(/\s+/g, " ")
		.replace(
			hiddenCharacter,
			(hidden) => `\\u{${hidden.codePointAt(0)?.toString(16)}}`,
		);
}

/** What most names and addresses are: visible ASCII, with single spaces. */
const isPlainLine = /^[!-~]+(?: [!-~]+)*$/;

/** A fence longer than any run of backticks inside, so that the text cannot end it. */
export function fence(language: string, text: string): string {
	const longest = (text.match(/`+/g) ?? []).reduce(
		(length, run) => Math.max(length, run.length),
		2,
	);
	const ticks = "`".repeat(longest + 1);
	return `${ticks}${language}\n${text}${text.endsWith("\n") ? "" : "\n"}${ticks}`;
}

/** A row of a table, of cells that nothing can break out of. */
export function row(cells: string[]): string {
	return `| ${cells.join(" | ")} |`;
}
