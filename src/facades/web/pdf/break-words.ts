/** As many letters as the narrowest column of a table has room for. */
const MAX_LETTERS = 6;

/**
 * Lets a line end among runs of one letter each. Longer runs are cut where the
 * line is full, but in a word whose letters all differ in type there is nothing
 * to cut, and it would leave the paper.
 */
export function breakWords<Run extends { text: string }>(
	runs: Run[],
): (Run | { text: "" })[] {
	let letters = 0;
	return runs.flatMap((run) => {
		letters = run.text.length === 1 ? letters + 1 : 0;
		if (letters < MAX_LETTERS) return [run];
		letters = 0;
		// Nothing is kept together with an empty run.
		return [run, { text: "" }];
	});
}

/** Characters of a word that is looked at as a whole; a line has room for some eighty. */
const MAX_WORD = 40;

/**
 * A text in runs, between which a line may end in very long words: where to cut
 * one of them is looked for from its end, a letter at a time, for every line.
 */
export function cutWords(text: string): { text: string }[] {
	const pieces = text.split(longWord).filter((piece) => piece !== "");
	if (pieces.length < 2) return [{ text }];
	// Nothing is kept together with an empty run.
	return pieces.flatMap((piece) => [{ text: piece }, { text: "" }]);
}

const longWord = new RegExp(`(\\S{${MAX_WORD}})(?=\\S)`);
