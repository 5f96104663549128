import { muteAddresses } from "./mute-addresses.ts";

/** A phrase found in a text, and its meaning. */
export type PhraseMatch<T> = {
	value: T;
	/** Index of its first word. */
	start: number;
	/** Number of words. */
	length: number;
};

type Entry<T> = { words: readonly string[]; value: T };

/**
 * Phrases by their first word, so that a lookup costs time proportional to the text and not to the number of phrases.
 */
export type PhraseIndex<T> = Map<string, Entry<T>[]>;

const word = /[\p{L}\p{N}]+/gu;
/** Gives the same for most texts, several times faster. */
const asciiWord = /[a-z0-9]+/g;
const asciiOnly = /^[\n -~]*$/;

/**
 * Returns the words of a text in lower case, without punctuation, markup or emoji. Letters of every language count,
 * and a word such as "no" inside an address becomes a different word.
 *
 * @param text Any text; `CI/CD-løp` gives `ci`, `cd`, `løp`.
 */
export function toWords(text: string): readonly string[] {
	if (text !== last.text) {
		const words = asciiOnly.test(text) ? asciiWord : word;
		const said = muteAddresses(text).toLowerCase();
		last = { text, words: said.match(words) ?? [] };
	}
	return last.words;
}

/** The words of a heading or label are requested several times in a row, by each reader that may know it. */
let last: { text: string; words: readonly string[] } = { text: "", words: [] };

/** Returns a label as a lookup key: its words with single spaces; only the beginning of a long text. */
export function toKey(label: string): string {
	if (label === "") return "";
	const words = toWords(label.slice(0, 80));
	return words.length === 1 ? (words[0] ?? "") : words.join(" ");
}

/** Returns a text up to the first match; several times faster than splitting it. */
export function cutAt(end: RegExp, text: string): string {
	const at = text.search(end);
	return at < 0 ? text : text.slice(0, at);
}

/** Prepares phrases for lookup. Longer phrases win over shorter ones with the same beginning. */
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

/** Returns the longest phrase that begins at a word, or undefined. */
export function matchPhraseAt<T>(
	index: PhraseIndex<T>,
	words: readonly string[],
	start: number,
): PhraseMatch<T> | undefined {
	const entries = index.get(words[start] ?? "");
	if (!entries) return undefined;
	for (const { words: phrase, value } of entries)
		if (standsAt(phrase, words, start))
			return { value, start, length: phrase.length };
	return undefined;
}

function standsAt(
	phrase: readonly string[],
	words: readonly string[],
	start: number,
): boolean {
	for (let at = 1; at < phrase.length; at += 1)
		if (words[start + at] !== phrase[at]) return false;
	return true;
}

/** Returns all phrases in a text; at each word the longest one. */
export function findPhrases<T>(
	index: PhraseIndex<T>,
	words: readonly string[],
): PhraseMatch<T>[] {
	const matches: PhraseMatch<T>[] = [];
	for (let start = 0; start < words.length; start += 1) {
		const match = matchPhraseAt(index, words, start);
		if (match) matches.push(match);
	}
	return matches;
}
