/** A sentence, its words in lower case, and where each begins and ends in it. */
export type Sentence = {
	text: string;
	words: readonly string[];
	starts: readonly number[];
	ends: readonly number[];
};

const pause = /[,:;()–—!?]|\s-\s/;
const longPause = /[:;()–—!?]|\s-\s/;

/** Splits a sentence into words. "0 API keys" reads "no API keys"; "OAuth 2.0 API keys" does not. */
export function splitSentence(said: string): Sentence {
	const text = said.replace(/(?<![\w.,:/-])(?:0|zero)(?=\s)/gi, "no");
	const found = [...text.matchAll(/[\p{L}\p{N}]+/gu)];
	return {
		text,
		words: found.map(([one]) => one.toLowerCase()),
		starts: found.map(({ index }) => index),
		ends: found.map(({ index, 0: one }) => index + one.length),
	};
}

/** Returns whether there is a comma, a colon or another pause between two words. */
export function hasPause(
	{ text, starts, ends }: Sentence,
	from: number,
	to: number,
): boolean {
	return pause.test(text.slice(ends[from], starts[to]));
}

/** Returns the same without commas, which separate the parts of a list. */
export function hasLongPause(
	{ text, starts, ends }: Sentence,
	from: number,
	to: number,
): boolean {
	return longPause.test(text.slice(ends[from], starts[to]));
}
