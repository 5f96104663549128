import {
	findPhrases,
	indexPhrases,
	matchPhraseAt,
	toWords,
} from "./phrases.ts";
import { checkWordings } from "./wordings/checks.ts";
import {
	dangerNouns,
	denialWords,
	failureWords,
	futureWords,
	harmlessWords,
} from "./wordings/doubts.ts";

const harmless = new Set(harmlessWords);
const denials = new Set(denialWords);
const futures = new Set([...futureWords, "q1", "q2", "q3", "q4"]);
const failures = new Set(failureWords);
const determiners = new Set(
	"a an any the use of other more such new open known en et noen bruk av".split(
		" ",
	),
);
const dangers = indexPhrases(
	[
		...dangerNouns,
		...Object.values(checkWordings).flatMap(({ bad = [], parts = {} }) => [
			...bad,
			...Object.values(parts).flat(),
		]),
	].map((phrase) => [phrase, true] as const),
);
/** References to something outside the text: a run, a change, a commit. */
const reference =
	/\b(?:(?:see|in|by)\s+)?(?:run|build|pr|pull request|merge request|commit|issue|ticket)\s+#?[\w-]*\d[\w-]*/gi;
/** A question, or an arrow to a result. */
const turn = /\?(?![\w/=&])|→|->|=>/;
const count = /(\d+)\s*(?:of|\/|av)\s*(\d+)/gi;
const year = /^20\d\d$/;
const futureLinks = new Set(
	"in by from before until after since within i innen fra før etter".split(" "),
);

/**
 * Returns whether a status cell says nothing beside its sign and its word. What is not understood is not harmless.
 */
export function isHarmless(text: string): boolean {
	if (text === "") return true;
	if (/[?→]|->|=>/.test(text)) return false;
	const words = dropGoodDenials(toWords(text.replace(reference, " ")));
	return words.every((word) => harmless.has(word));
}

/**
 * Returns whether a text takes back what comes before it: it denies, postpones, names a failure, asks, or counts too
 * few.
 */
export function hasDoubt(text: string): boolean {
	return findDoubt(text) !== undefined;
}

/** Returns the first word or sign of each kind with which a text takes back what comes before it. */
export function findDoubt(text: string): string | undefined {
	if (text === "") return undefined;
	const words = dropGoodDenials(toWords(text));
	return (
		turn.exec(text)?.[0] ??
		findTooFew(text) ??
		words.find((_, at) => isPutOff(words, at)) ??
		words.find((word) => failures.has(word)) ??
		words.find(isDenial)
	);
}

/** Returns whether words postpone something or name a failure. */
export function tellsOtherwise(words: readonly string[]): boolean {
	return putsOff(words) || words.some((word) => failures.has(word));
}

/** Returns whether a text speaks of the future: "from 2027", "in Q3", "to be added", "planned". */
export function putsOff(words: readonly string[]): boolean {
	return words.some((_, at) => isPutOff(words, at));
}

function isPutOff(words: readonly string[], at: number): boolean {
	const word = words[at] ?? "";
	return (
		futures.has(word) ||
		(word === "to" && words[at + 1] === "be") ||
		(word.startsWith("20") &&
			futureLinks.has(words[at - 1] ?? "") &&
			year.test(word) &&
			!/^\d\d?$/.test(words[at + 1] ?? ""))
	);
}

/**
 * Drops denials of something bad, such as "no findings" or "instead of API keys", together with what they deny.
 */
export function dropGoodDenials(words: readonly string[]): string[] {
	const kept: string[] = [];
	for (let at = 0; at < words.length; at += 1) {
		const end = endOfGoodDenial(words, at);
		if (end === undefined) kept.push(words[at] ?? "");
		else at = end - 1;
	}
	return kept;
}

function endOfGoodDenial(
	words: readonly string[],
	start: number,
): number | undefined {
	const word = words[start] ?? "";
	const instead = word === "instead" && words[start + 1] === "of";
	if (!instead && !denials.has(word)) return undefined;
	let at = start + (instead ? 2 : 1);
	while (at < start + 4 && determiners.has(words[at] ?? "")) at += 1;
	const danger = matchPhraseAt(dangers, words, at);
	if (!danger) return undefined;
	at += danger.length;
	// "No audio, images or resource links" denies them all.
	for (;;) {
		const next = matchPhraseAt(
			dangers,
			words,
			joins.has(words[at] ?? "") ? at + 1 : at,
		);
		if (!next) return at;
		at = next.start + next.length;
	}
}

const joins = new Set(["or", "and", "nor", "eller", "og"]);

function findTooFew(text: string): string | undefined {
	if (!/\d/.test(text)) return undefined;
	return [...text.matchAll(count)].find(
		([, some, all]) => Number(some) < Number(all),
	)?.[0];
}

/** Returns whether a word denies. */
export function isDenial(word: string): boolean {
	return denials.has(word);
}

/** Returns whether every word of a text belongs to one of the phrases, or to the words allowed beside them. */
export function isMadeOf(
	index: ReturnType<typeof indexPhrases>,
	text: string,
): boolean {
	const words = toWords(text);
	const covered = new Set(
		findPhrases(index, words).flatMap(({ start, length }) =>
			Array.from({ length }, (_, offset) => start + offset),
		),
	);
	return words.every((word, at) => covered.has(at) || harmless.has(word));
}
