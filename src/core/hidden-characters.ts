/**
 * Invisible code points: control characters, soft hyphen, zero-width and bidirectional controls,
 * fillers, interlinear marks, tags, and variation selectors other than the two that emoji use
 * (Unicode categories Cc and Cf).
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
	[0xfff0, 0xfffb],
	[0x1bca0, 0x1bca3],
	[0x1d173, 0x1d17a],
	[0xe0000, 0xe0fff],
];
/** Ordinary characters are excluded first: matching the ranges alone is five times slower. */
const hidden = `(?![\\t\\n\\r -~])[${hiddenRanges
	.map(
		([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`,
	)
	.join("")}]`;

/** Matches every invisible character; for `matchAll` and `replace`. */
export const hiddenCharacter = new RegExp(hidden, "gu");

/**
 * Joiners as used in Persian, Hindi, Malayalam and other languages: one after a letter or mark that
 * is not Latin.
 */
const inWord = "(?<=[[\\p{L}\\p{M}]--\\p{Script=Latin}])[\\u200c\\u200d]";
/** The joiner between the parts of one emoji (UTS 51). */
const inEmoji =
	"(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d\\p{Extended_Pictographic}";
/** Tags after a black flag, as in the flags of England, Scotland and Wales. */
const inFlag =
	"(?<=\\u{1f3f4}[\\u{e0061}-\\u{e007a}]{0,5})[\\u{e0061}-\\u{e007f}]";

/** Matches a hidden character that no language and no emoji needs in its place. */
export const needlessCharacter = new RegExp(
	`(?!${inWord}|${inEmoji}|${inFlag})${hidden}`,
	"v",
);

const joiner = "\u200D";
const beforeJoiner =
	/(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F)$/u;
const afterJoiner = /^\p{Extended_Pictographic}/u;

/** Yields each invisible character of a text, with its position. */
export function* hiddenCharacters(
	source: string,
): Generator<{ index: number; character: string }> {
	for (const { index, 0: character } of source.matchAll(hiddenCharacter)) {
		if (!isHarmless(source, index, character)) yield { index, character };
	}
}

/** Returns whether such a character only joins the parts of an emoji. */
export function isHarmless(
	source: string,
	index: number,
	character: string,
): boolean {
	return (
		character === joiner &&
		beforeJoiner.test(source.slice(Math.max(0, index - 2), index)) &&
		afterJoiner.test(source.slice(index + 1, index + 3))
	);
}

/** Returns the Unicode notation of a character, such as `U+202E`. */
export function nameCharacter(character: string): string {
	const code = character.codePointAt(0) ?? 0;
	return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
