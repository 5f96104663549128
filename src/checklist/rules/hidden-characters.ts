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
 */
export function findHiddenCharacters(source: string): Draft[] {
	const byLine = new Map<number, string[]>();
	let line = 1;
	let counted = 0;
	for (const { index, character } of hiddenCharacters(source)) {
		line += countLines(source, counted, index);
		counted = index;
		const names = byLine.get(line);
		const name = nameCharacter(character);
		if (!names) byLine.set(line, [name]);
		else if (names.length < namesPerLine && !names.includes(name))
			names.push(name);
	}
	return [...byLine].map(([at, names]) => ({
		rule: "invisible-characters",
		line: at,
		message: `The line has invisible characters: ${names.join(", ")}.`,
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

function countLines(source: string, from: number, to: number): number {
	return source.slice(from, to).match(/\r\n|\r|\n/g)?.length ?? 0;
}

/** What Unicode calls a character, such as `U+202E`. */
export function nameCharacter(character: string): string {
	const code = character.codePointAt(0) ?? 0;
	return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
