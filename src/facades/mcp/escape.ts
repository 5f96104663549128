import { hiddenCharacter } from "../../core/hidden-characters.ts";

// Text from a report is untrusted: `inline` and `fence` keep it inside its
// cell, line or block, whatever it contains.

/** Returns one line of plain text: no active Markdown, no line breaks, no hidden characters. */
export function inline(text: string): string {
	if (isHarmless.test(text)) return text;
	return oneLine(text).replace(/[\\`*[\]<>|~!]/g, "\\$&");
}

/** Matches most names and addresses: nothing in them means anything to Markdown. */
const isHarmless = /^[\w./:@-]+$/;

/** Returns one line in which every character is visible. */
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

/** Matches most names and addresses: visible ASCII with single spaces. */
const isPlainLine = /^[!-~]+(?: [!-~]+)*$/;

/**
 * Returns the text in a fence longer than any run of the fence character
 * inside, so that the text cannot close it.
 */
export function fence(language: string, text: string): string {
	const backticks = longestRun("`", text);
	// The other fence character, if that makes a shorter fence.
	const tildes = backticks > LONG_RUN ? longestRun("~", text) : backticks;
	const [sign, run] = tildes < backticks ? ["~", tildes] : ["`", backticks];
	const marks = sign.repeat(run + 1);
	return `${marks}${language}\n${text}${text.endsWith("\n") ? "" : "\n"}${marks}`;
}

/** Beyond this length, a fence of the other character is considered. */
const LONG_RUN = 100;

/** Returns the length of the longest run of a character, at least two: no fence is shorter than three. */
function longestRun(character: "`" | "~", text: string): number {
	if (!text.includes(character.repeat(3))) return 2;
	const code = character.charCodeAt(0);
	let longest = 3;
	let run = 0;
	// Character by character: searching for runs costs several times as much where there are many.
	for (let index = 0; index < text.length; index++) {
		run = text.charCodeAt(index) === code ? run + 1 : 0;
		if (run > longest) longest = run;
	}
	return longest;
}

/** Returns a table row of cells that no content can break out of. */
export function row(cells: string[]): string {
	return `| ${cells.join(" | ")} |`;
}
