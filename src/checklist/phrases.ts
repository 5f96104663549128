/** A phrase found in a text, and what it stands for. */
export type PhraseMatch<T> = {
	value: T;
	/** Index of its first word. */
	start: number;
	/** Number of its words. */
	length: number;
};

type Entry<T> = { words: string[]; value: T };

/** Phrases by their first word, so that looking them up costs the length of the text and not the number of phrases. */
export type PhraseIndex<T> = Map<string, Entry<T>[]>;

/**
 * The words of a text in lower case, without punctuation, markup or emoji. Letters of every language count.
 * @param text Any text; `CI/CD-løp` gives `ci`, `cd`, `løp`.
 */
export function toWords(text: string): string[] {
	return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Prepares phrases for looking up. Longer phrases win over shorter ones that start alike. */
export function indexPhrases<T>(
	phrases: Iterable<readonly [string, T]>,
): PhraseIndex<T> {
	const index: PhraseIndex<T> = new Map();
	for (const [phrase, value] of phrases) {
		const words = toWords(phrase);
		const first = words[0];
		if (first === undefined) continue;
		const entries = index.get(first) ?? [];
		entries.push({ words, value });
		index.set(first, entries);
	}
	for (const entries of index.values())
		entries.sort((a, b) => b.words.length - a.words.length);
	return index;
}

/** The longest phrase that begins at a word, or undefined. */
export function matchPhraseAt<T>(
	index: PhraseIndex<T>,
	words: string[],
	start: number,
): PhraseMatch<T> | undefined {
	const entry = index
		.get(words[start] ?? "")
		?.find(({ words: phrase }) =>
			phrase.every((word, offset) => words[start + offset] === word),
		);
	return entry && { value: entry.value, start, length: entry.words.length };
}

/** Every phrase in a text; at each word the longest one. */
export function findPhrases<T>(
	index: PhraseIndex<T>,
	words: string[],
): PhraseMatch<T>[] {
	return words
		.map((_, start) => matchPhraseAt(index, words, start))
		.filter((match) => match !== undefined);
}
