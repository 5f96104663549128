import { muteAddresses } from "../mute-addresses.ts";
import { findPhrases, indexPhrases } from "../phrases.ts";
import type { Draft } from "../reading.ts";
import type { ResolvedAnswer } from "../resolve-answers.ts";
import type { Phase } from "../schema.ts";
import { redFlags } from "../wordings/red-flags.ts";
import { isDenied, listTogether } from "./denials.ts";
import { findFruitless } from "./searches.ts";
import { type Sentence, splitSentence } from "./sentence.ts";

const indexes = new Map(
	Object.entries(redFlags).map(([id, { phrases }]) => [
		id,
		indexPhrases(phrases.map((phrase) => [phrase, phrase] as const)),
	]),
);
/** The words of the phrases, which a search pattern consists of. */
const vocabularies = new Map(
	Object.entries(redFlags).map(([id, { phrases }]) => [
		id,
		new Set(phrases.flatMap((phrase) => phrase.split(" "))),
	]),
);
/** Checks whose evidence may be a search that finds nothing. */
const searched = new Set(["AUTH-1", "POL-3", "SEC-5"]);
const quotedLength = 80;

/** Finds what must never be in production, where an answer fails for it or its evidence gives it away. */
export function findRedFlag(
	phase: Phase,
	{ id, title, status, evidence, line }: ResolvedAnswer,
): Draft[] {
	const flag = redFlags[id];
	if (!flag || status === "missing") return [];
	const about = { rule: flag.rule, phase, check: id, line };
	if (status === "fail")
		return [
			{ ...about, message: `${id} ${title} does not pass: ${flag.says}.` },
		];
	const given = findGivenAway(id, evidence ?? "");
	if (given === undefined) return [];
	const message = `The evidence of ${id} ${title} mentions ${flag.says}: "${given.slice(0, quotedLength)}". If there is none, write "${flag.otherwise}." instead.`;
	return [{ ...about, message }];
}

/** Returns the first words in the evidence that give something away and are not denied. */
function findGivenAway(id: string, evidence: string): string | undefined {
	const index = indexes.get(id);
	const vocabulary = vocabularies.get(id);
	if (!index || !vocabulary) return undefined;
	// A denial counts only within its own sentence.
	for (const text of muteAddresses(evidence).split(/[.;!?\n](?:\s|$)/)) {
		const sentence = splitSentence(text);
		const found = findPhrases(index, sentence.words);
		if (found.length === 0) continue;
		const fruitless = searched.has(id)
			? findFruitless(sentence.text, vocabulary)
			: [];
		const isSearched = (start: number, end: number) => {
			const from = sentence.starts[start] ?? 0;
			const to = sentence.ends[end - 1] ?? 0;
			return fruitless.some((range) => range.from <= from && to <= range.to);
		};
		for (const list of listTogether(sentence.words, found))
			if (!isSearched(list.start, list.end) && !isDenied(sentence, list))
				return quote(sentence, list);
	}
	return undefined;
}

function quote(
	{ text, starts, ends }: Sentence,
	{ start, end }: { start: number; end: number },
): string {
	return text.slice(starts[start], ends[end - 1]).replace(/\s+/g, " ");
}
