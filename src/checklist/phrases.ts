import { muteAddresses } from "./mute-addresses.ts";

/** A phrase found in a text, and what it stands for. */
export type PhraseMatch<T> = {
	value: T;
	/** Index of its first word. */
	start: number;
	/** Number of its words. */
	length: number;
};

type Entry<T> = { words: readonly string[]; value: T };

/** Phrases by their first word, so that looking them up costs the length of the text and not the number of phrases. */
export type PhraseIndex<T> = Map<string, Entry<T>[]>;

const word = /[\p{L}\p{N}]+/gu;
/** The same for most texts, and several times quicker. */
const asciiWord = /[a-z0-9]+/g;
const asciiOnly = /^[\n -~]*$/;

/**
 * The words of a text in lower case, without punctuation, markup or emoji. Letters of every language count, and a
 * word such as "no" inside an address counts as another one.
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

/** A heading or label is asked for its words several times in a row, by all that may know it. */
let last: { text: string; words: readonly string[] } = { text: "", words: [] };

/** A label as one key to look it up by: its words with single spaces; of a long text only the beginning. */
export function toKey(label: string): string {
	if (label === "") return "";
	const words = toWords(label.slice(0, 80));
	return words.length === 1 ? (words[0] ?? "") : words.join(" ");
}

/** A text up to where something else begins; several times quicker than to split it. */
export function cutAt(end: RegExp, text: string): string {
	const at = text.search(end);
	return at < 0 ? text : text.slice(0, at);
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

/** Every phrase in a text; at each word the longest one. */
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
