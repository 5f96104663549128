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

/** Runs of backticks that a fence of them still outlasts; beyond it, a fence may be of tildes. */
const LONG_RUN = 100;

/** A fence longer than any run of its sign inside, so that the text cannot end it. */
export function fence(language: string, text: string): string {
	const backticks = longestRun("`", text);
	const tildes = backticks > LONG_RUN ? longestRun("~", text) : backticks;
	const [sign, run] = tildes < backticks ? ["~", tildes] : ["`", backticks];
	const marks = sign.repeat(run + 1);
	return `${marks}${language}\n${text}${text.endsWith("\n") ? "" : "\n"}${marks}`;
}

/** How often a character stands one after the other, at the most; the text is searched some forty times at the most. */
function longestRun(character: string, text: string): number {
	const holds = (run: number) => text.includes(character.repeat(run));
	// What needs no longer fence than usual is looked at once.
	if (!holds(3)) return 2;
	let known = 3;
	while (holds(known * 2)) known *= 2;
	let absent = known * 2;
	while (absent - known > 1) {
		const middle = (known + absent) >> 1;
		if (holds(middle)) known = middle;
		else absent = middle;
	}
	return known;
}

/** A row of a table, of cells that nothing can break out of. */
export function row(cells: string[]): string {
	return `| ${cells.join(" | ")} |`;
}
