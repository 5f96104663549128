import { hiddenCharacter } from "../../hidden-characters.ts";
import type { Draft } from "../reading.ts";

/** Characters that a finding names. */
const namesPerLine = 5;
const joiner = "\u200D";
const beforeJoiner =
	/(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F)$/u;
const afterJoiner = /^\p{Extended_Pictographic}/u;

/**
 * Finds characters that a reader does not see, line by line. Emoji made of several characters and a byte order mark
 * at the beginning are left alone.
 * @param text A report with line feeds at the ends of its lines.
 */
export function findHiddenCharacters(text: string): Draft[] {
	const byLine: { line: number; characters: string[] }[] = [];
	const hidden = new RegExp(hiddenCharacter);
	let line = 1;
	let end = text.indexOf("\n");
	for (let match = hidden.exec(text); match; match = hidden.exec(text)) {
		const [character] = match;
		const { index } = match;
		if (isHarmless(text, index, character)) continue;
		while (end >= 0 && end < index) {
			line += 1;
			end = text.indexOf("\n", end + 1);
		}
		const last = byLine.at(-1);
		if (last?.line !== line) byLine.push({ line, characters: [character] });
		else if (
			last.characters.length < namesPerLine &&
			!last.characters.includes(character)
		)
			last.characters.push(character);
	}
	const names = new Map<string, string>();
	const name = (character: string) => {
		const known = names.get(character) ?? nameCharacter(character);
		names.set(character, known);
		return known;
	};
	return byLine.map(({ line, characters }) => ({
		rule: "invisible-characters",
		line,
		message: `The line has invisible characters: ${characters.map(name).join(", ")}.`,
	}));
}

/** Each character of a text that a reader would not see, with its place in the text. */
export function* hiddenCharacters(
	source: string,
): Generator<{ index: number; character: string }> {
	for (const { index, 0: character } of source.matchAll(hiddenCharacter)) {
		if (!isHarmless(source, index, character)) yield { index, character };
	}
}

function isHarmless(source: string, index: number, character: string): boolean {
	if (character === "\uFEFF") return index === 0;
	return (
		character === joiner &&
		beforeJoiner.test(source.slice(Math.max(0, index - 2), index)) &&
		afterJoiner.test(source.slice(index + 1, index + 3))
	);
}

/** What Unicode calls a character, such as `U+202E`. */
export function nameCharacter(character: string): string {
	const code = character.codePointAt(0) ?? 0;
	return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
