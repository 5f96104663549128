import {
	hiddenCharacters,
	nameCharacter,
} from "../../../core/hidden-characters.ts";

/** Symbols in reports that the fonts lack, in words. */
const words: Record<string, string> = {
	"✅": "[pass]",
	"✔": "[pass]",
	"✓": "[pass]",
	"☑": "[x]",
	"☐": "[ ]",
	"❌": "[fail]",
	"✖": "[fail]",
	"✗": "[fail]",
	"⚠": "[warning]",
	"➖": "–",
	"🟢": "[green]",
	"🟡": "[yellow]",
	"🟠": "[orange]",
	"🔴": "[red]",
	"⛔": "[stop]",
	"🚫": "[no]",
	"→": "->",
	"←": "<-",
	"⇒": "=>",
};

/** Scripts that the fonts (Roboto) cover, besides punctuation and currencies. */
const covered =
	/^[\n\t -~\u00a0-\u024f\u0259\u02b0-\u036f\u0370-\u03ff\u0400-\u052f\u1e00-\u1eff\u2000-\u206f\u20a0-\u20bf\u2122]$/u;

/**
 * Returns text that the PDF's fonts can show: known symbols in words, hidden
 * and unknown characters by their Unicode names. Nothing is left out.
 */
export function printable(text: string): string {
	const hidden = new Set([...hiddenCharacters(text)].map(({ index }) => index));
	let printed = "";
	let index = 0;
	for (const character of text) {
		printed += hidden.has(index)
			? `[${nameCharacter(character)}]`
			: printableCharacter(character);
		index += character.length;
	}
	return printed;
}

function printableCharacter(character: string): string {
	if (character === "\ufe0e" || character === "\ufe0f") return "";
	const word = words[character];
	if (word) return word;
	return covered.test(character) ? character : `[${nameCharacter(character)}]`;
}
