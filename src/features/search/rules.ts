/** Characters of a piece: enough to be rare, and few look-ups in the index. */
const PIECE_LENGTH = 5;

/** Of a longer text only the end is looked at: addresses begin with what is common. */
const LONGEST = 64;

/** The share of texts that has any one letter or digit at the beginning of a word: names differ widely, about a tenth. */
const ONE_FIRST_LETTER = 0.1;

/** The share of texts from which on a piece finds too much to be worth it. */
const TOO_COMMON = 0.05;

/**
 * What to ask the trigram index for, to find a text fastest: its rarest piece.
 * Asked for all of it, the index also reads what nearly every report has in
 * common, such as `mcp-` and `github.com`, which among a million reports takes
 * ten times as long. A text of common pieces is asked for as a whole.
 *
 * @param text in small letters
 * @param sample texts of which some hold what is common
 * @returns `undefined` when the index cannot find the text: it knows three
 *   letters or digits in a row, or two where a word begins or ends
 */
export function choosePiece(
	text: string,
	sample: string[],
): string | undefined {
	const characters = [...text].slice(-LONGEST);
	const countOf = (piece: string) =>
		sample.filter((held) => held.includes(piece)).length;
	const counts = characters.map((_, start) =>
		countOf(characters.slice(start, start + 3).join("")),
	);
	const last = Math.max(0, characters.length - PIECE_LENGTH);
	const pieces = characters
		.slice(0, last + 1)
		.map((_, start) => ({
			piece: characters.slice(start, start + PIECE_LENGTH).join(""),
			count: counts
				.slice(start, start + PIECE_LENGTH - 2)
				.reduce((sum, count) => sum + count, 0),
		}))
		.filter(({ piece }) => isIndexed.test(piece))
		// The index is also asked for the first letter of a word, alone.
		.map(({ piece, count }) => ({
			piece,
			count: beginsWord.test(piece)
				? count + ONE_FIRST_LETTER * sample.length
				: count,
		}))
		.sort((a, b) => a.count - b.count);
	const rarest = pieces[0]?.piece;
	return rarest && countOf(rarest) > TOO_COMMON * sample.length ? text : rarest;
}

const beginsWord = /[^\p{L}\p{N}][\p{L}\p{N}]/u;

const isIndexed =
	/[\p{L}\p{N}]{3}|[^\p{L}\p{N}][\p{L}\p{N}]{2}|[\p{L}\p{N}]{2}[^\p{L}\p{N}]/u;
