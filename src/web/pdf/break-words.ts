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
