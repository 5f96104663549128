/** The number of letters that the narrowest column of a table has room for. */
const MAX_LETTERS = 6;

/**
 * Lets a line break between runs of one letter each. Longer runs are cut where
 * the line is full, but a word whose letters all differ in style has nothing to
 * cut, and would run off the paper.
 */
export function breakWords<Run extends { text: string }>(
	runs: Run[],
): (Run | { text: "" })[] {
	let letters = 0;
	return runs.flatMap((run) => {
		letters = run.text.length === 1 ? letters + 1 : 0;
		if (letters < MAX_LETTERS) return [run];
		letters = 0;
		// An empty run allows a break after it.
		return [run, { text: "" }];
	});
}

/** Longest word that is laid out as a whole, in characters; a line has room for about eighty. */
const MAX_WORD = 40;

/**
 * Splits a text into runs, between which a line may break in very long words:
 * the layout looks for a place to cut a word from its end, one letter at a
 * time, for every line.
 */
export function cutWords(text: string): { text: string }[] {
	const pieces = text.split(longWord).filter((piece) => piece !== "");
	if (pieces.length < 2) return [{ text }];
	// An empty run allows a break after it.
	return pieces.flatMap((piece) => [{ text: piece }, { text: "" }]);
}

const longWord = new RegExp(`(\\S{${MAX_WORD}})(?=\\S)`);
