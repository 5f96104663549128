/** Length of a piece in characters: long enough to be rare, and few look-ups in the index. */
const PIECE_LENGTH = 5;

/** Only the end of a longer text is used: addresses begin alike. */
const LONGEST = 64;

/**
 * The share of texts with any given letter or digit at the beginning of a word: about a tenth,
 * though names differ widely.
 */
const ONE_FIRST_LETTER = 0.1;

/** The share of texts from which a piece matches too much to be useful. */
const TOO_COMMON = 0.05;

/**
 * Chooses the part of a text to look up in the trigram index so that it is found fastest: its
 * rarest piece. For the whole text, the index also reads what nearly every report has in common,
 * such as `mcp-` and `github.com`, which takes ten times as long among a million reports. A text of
 * common pieces is looked up as a whole.
 *
 * @param text in lower case
 * @param sample texts, some of which contain the common parts
 * @returns `undefined` when the index cannot find the text: it requires three letters or digits in
 * a row, or two where a word begins or ends
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
		// The index also looks up the first letter of a word, alone.
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
