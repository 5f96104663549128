import { readId } from "./check-id.ts";
import { allChecks } from "./checklist.ts";
import { dropGoodDenials, isDenial, tellsOtherwise } from "./doubt.ts";
import {
	findPhrases,
	indexPhrases,
	type PhraseMatch,
	toWords,
} from "./phrases.ts";
import type { Check, Phase } from "./schema.ts";
import { checkWordings } from "./wordings/checks.ts";
import { leadingWords } from "./wordings/doubts.ts";

/** A check that a label names. */
export type FoundCheck = {
	check: Check;
	phase: Phase;
	/** Whether the label names something bad, so that "no" is the good answer. */
	danger: boolean;
	/** Whether the label denies what it names, such as "No audio content". */
	denied: boolean;
	/**
	 * Returns whether the words around the name are understood; not so in "Removed the security scanning" or "Alerts
	 * (planned)".
	 */
	isClear: () => boolean;
	/** The parts of the check that the label names; empty if it names the whole. */
	parts: string[];
	/** Whether the label contains the check's id. */
	byId: boolean;
};

type Wording = {
	check: Check;
	phase: Phase;
	danger: boolean;
	part: string | null;
};

const listed = allChecks.flatMap(listWordings);
/** Length in characters below which a text cannot name a check; an id is longer. */
export const shortestName = Math.min(
	...listed.map(([phrase]) => phrase.length),
);
const wordings = indexPhrases(listed);
/** Ids of the checks whose title names something bad. */
const dangers = new Set(
	allChecks.flatMap(({ check: { id, title } }) =>
		findPhrases(wordings, toWords(title)).some(
			({ value }) => value.danger && value.check.title === title,
		)
			? id
			: [],
	),
);
/** Numbers of rows, and ids of checks. */
const idWord =
	/^(?:\d+|sec|pol|inf|auth|obs|ver|(?:sec|pol|inf|auth|obs|ver)\d+)$/;
const leading = new Set(leadingWords);

/**
 * Finds the check that a label names, by its id or by its wording in English or Norwegian.
 *
 * @param label A table's first cell, or the text before the colon; characters after the first 200 are not read.
 * @param phase The phase around the label; where a wording fits several checks, the phase's own wins.
 */
export function findCheck(
	label: string,
	phase: Phase | null,
): FoundCheck | undefined {
	if (label.length < shortestName) return undefined;
	const text = label.slice(0, 200);
	const words = toWords(text);
	const matches = findPhrases(wordings, words);
	const entry = readId(text).entry;
	if (!entry && matches.length === 0) return undefined;
	const denies = (start: number) =>
		isDenial(words[start - 1] ?? "") || isDenial(words[start - 2] ?? "");
	if (entry) {
		const match = matches.find(({ value }) => value.check === entry.check);
		return {
			check: entry.check,
			phase: entry.phase,
			danger: match?.value.danger ?? dangers.has(entry.check.id),
			denied: match ? denies(match.start) : false,
			isClear: () => isClear(words, matches, match),
			parts: [],
			byId: true,
		};
	}
	const best = matches.sort(
		(a, b) =>
			Number(b.value.phase === phase) - Number(a.value.phase === phase) ||
			b.length - a.length ||
			a.start - b.start,
	)[0];
	if (!best) return undefined;
	const { check, phase: own, danger, part } = best.value;
	return {
		check,
		phase: own,
		danger,
		denied: denies(best.start),
		isClear: () => isClear(words, matches, best),
		parts: part === null ? [] : listParts(check, matches),
		byId: false,
	};
}

function listParts(check: Check, matches: PhraseMatch<Wording>[]): string[] {
	return matches.flatMap(({ value }) =>
		value.check === check ? (value.part ?? []) : [],
	);
}

function isClear(
	words: readonly string[],
	matches: PhraseMatch<Wording>[],
	match: PhraseMatch<Wording> | undefined,
): boolean {
	if (!match) return !tellsOtherwise(words);
	const { start, length, value } = match;
	return (
		(start === 0 || isLeading(words.slice(0, start), matches)) &&
		(start + length === words.length ||
			isClearTail(words.slice(start + length), value.danger))
	);
}

function isLeading(
	words: readonly string[],
	matches: PhraseMatch<Wording>[],
): boolean {
	const named = (at: number) =>
		matches.some(({ start, length }) => start <= at && at < start + length);
	return words.every(
		(word, at) =>
			leading.has(word) || isDenial(word) || idWord.test(word) || named(at),
	);
}

function isClearTail(words: readonly string[], danger: boolean): boolean {
	return (
		!tellsOtherwise(words) && (danger || !dropGoodDenials(words).some(isDenial))
	);
}

/** Returns whether a text denies something anywhere, as in "API keys are never used". */
export function hasDenial(text: string): boolean {
	return toWords(text).some(isDenial);
}

function listWordings({ check, phase }: { check: Check; phase: Phase }) {
	const { good = [], bad = [], parts = {} } = checkWordings[check.id] ?? {};
	const entry = (danger: boolean, part: string | null = null) =>
		({ check, phase, danger, part }) satisfies Wording;
	return [
		...bad.map((phrase) => [phrase, entry(true)] as const),
		...good.map((phrase) => [phrase, entry(false)] as const),
		...Object.entries(parts).flatMap(([part, phrases]) =>
			phrases.map((phrase) => [phrase, entry(true, part)] as const),
		),
		...(bad.includes(check.title.toLowerCase())
			? []
			: [[check.title, entry(false)] as const]),
	];
}
