import { hiddenCharacter } from "../../core/hidden-characters.ts";

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

/** A fence longer than any run of its sign inside, so that the text cannot end it. */
export function fence(language: string, text: string): string {
	const backticks = longestRun("`", text);
	// The other sign, where that makes a shorter one.
	const tildes = backticks > LONG_RUN ? longestRun("~", text) : backticks;
	const [sign, run] = tildes < backticks ? ["~", tildes] : ["`", backticks];
	const marks = sign.repeat(run + 1);
	return `${marks}${language}\n${text}${text.endsWith("\n") ? "" : "\n"}${marks}`;
}

/** Beyond this, a fence is long enough to look for another one. */
const LONG_RUN = 100;

/** How often a character stands one after the other at the most, and two at the least: no fence is shorter than three. */
function longestRun(character: "`" | "~", text: string): number {
	if (!text.includes(character.repeat(3))) return 2;
	const code = character.charCodeAt(0);
	let longest = 3;
	let run = 0;
	// Letter by letter: to search for runs costs several times that, where there are many.
	for (let index = 0; index < text.length; index++) {
		run = text.charCodeAt(index) === code ? run + 1 : 0;
		if (run > longest) longest = run;
	}
	return longest;
}

/** A row of a table, of cells that nothing can break out of. */
export function row(cells: string[]): string {
	return `| ${cells.join(" | ")} |`;
}
