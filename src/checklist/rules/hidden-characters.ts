import type { Draft } from "../reading.ts";

/**
 * Code points that are not seen: control characters, soft hyphen, zero-width and bidirectional controls, fillers,
 * interlinear marks, tags, and variation selectors other than the two that emoji use (Unicode categories Cc and Cf).
 */
const hiddenRanges: [first: number, last: number][] = [
	[0x0000, 0x0008],
	[0x000b, 0x000c],
	[0x000e, 0x001f],
	[0x007f, 0x009f],
	[0x00ad, 0x00ad],
	[0x034f, 0x034f],
	[0x061c, 0x061c],
	[0x115f, 0x1160],
	[0x17b4, 0x17b5],
	[0x180b, 0x180f],
	[0x200b, 0x200f],
	[0x2028, 0x202e],
	[0x2060, 0x206f],
	[0x3164, 0x3164],
	[0xfe00, 0xfe0d],
	[0xfeff, 0xfeff],
	[0xffa0, 0xffa0],
	[0xfff9, 0xfffb],
	[0xe0000, 0xe01ef],
];
const hidden = new RegExp(
	`[${hiddenRanges
		.map(
			([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`,
		)
		.join("")}]`,
	"gu",
);
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
	for (const { index, 0: character } of source.matchAll(hidden)) {
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
