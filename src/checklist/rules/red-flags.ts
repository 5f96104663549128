import { isDenial } from "../doubt.ts";
import { findPhrases, indexPhrases, toWords } from "../phrases.ts";
import type { Draft } from "../reading.ts";
import type { ResolvedAnswer } from "../resolve-answers.ts";
import type { Phase } from "../schema.ts";
import { refusalWords } from "../wordings/doubts.ts";
import { redFlags } from "../wordings/red-flags.ts";

const indexes = new Map(
	Object.entries(redFlags).map(([id, { phrases }]) => [
		id,
		indexPhrases(phrases.map((phrase) => [phrase, phrase] as const)),
	]),
);
/** Words between a denial and what it denies: "does not use any API keys". */
const between = new Set(
	"a an any the of use uses used using have has contain contains accept accepts return returns longer real single such other to be no or and nor en et noen bruk bruker av eller og".split(
		" ",
	),
);
const refusals = new Set(refusalWords);
const auxiliaries = new Set(
	"is are was were be been has have had will må er blir ble har".split(" "),
);
const denied = new Set(
	"used allowed accepted present needed returned stored brukt tillatt lov".split(
		" ",
	),
);
const joins = new Set(["or", "and", "nor", "eller", "og"]);

/** What must never be in production, where an answer fails for it or its evidence gives it away. */
export function findRedFlag(
	phase: Phase,
	{ id, title, status, evidence, line }: ResolvedAnswer,
): Draft[] {
	const flag = redFlags[id];
	if (!flag || status === "missing") return [];
	const message =
		status === "fail"
			? `${id} ${title} does not pass: ${flag.says}.`
			: givesAway(id, evidence ?? "")
				? `The evidence of ${id} ${title} speaks of ${flag.says}.`
				: undefined;
	return message ? [{ rule: flag.rule, phase, check: id, line, message }] : [];
}

function givesAway(id: string, evidence: string): boolean {
	const index = indexes.get(id);
	if (!index) return false;
	// A denial counts within its own sentence only.
	return evidence.split(/[.;!?\n](?:\s|$)/).some((sentence) => {
		const words = toWords(sentence);
		return listTogether(words, findPhrases(index, words)).some(
			(list) => !isDenied(words, list),
		);
	});
}

/** Phrases that a denial covers together, such as "audio, images or resource links". */
type List = { start: number; end: number; size: number; joined: boolean };

function listTogether(
	words: readonly string[],
	found: { start: number; length: number }[],
): List[] {
	const lists: List[] = [];
	for (const { start, length } of found) {
		const last = lists.at(-1);
		const gap = last && words.slice(last.end, start);
		if (last && gap?.every((word) => joins.has(word))) {
			last.end = Math.max(last.end, start + length);
			last.size += 1;
			last.joined ||= gap.length > 0;
		} else lists.push({ start, end: start + length, size: 1, joined: false });
	}
	return lists;
}

function isDenied(
	words: readonly string[],
	{ start, end, size, joined }: List,
): boolean {
	if (isDeniedAfter(words, end)) return true;
	// "No audio, images are returned" denies the first alone.
	const stated = size > 1 && !joined && auxiliaries.has(words[end] ?? "");
	return isDeniedBefore(words, start) && !stated;
}

/** "No …", "does not use any …", "refuses …", "instead of …", "rather than …"; "nobody without …" denies nothing. */
function isDeniedBefore(words: readonly string[], start: number): boolean {
	let at = start - 1;
	while (at >= start - 4 && between.has(words[at] ?? "") && !isNo(words, at))
		at -= 1;
	const word = words[at] ?? "";
	const before = words[at - 1] ?? "";
	if (word === "than") return before === "rather";
	if (words[at + 1] === "of" && word === "instead") return true;
	const twice =
		(word === "without" || word === "uten") &&
		words.slice(Math.max(0, at - 3), at).some(isDenial);
	return (isDenial(word) || refusals.has(word)) && !twice;
}

function isNo(words: readonly string[], at: number): boolean {
	return isDenial(words[at] ?? "");
}

/** "… are never used", "… is refused", "… not used". */
function isDeniedAfter(words: readonly string[], end: number): boolean {
	const at = auxiliaries.has(words[end] ?? "") ? end + 1 : end;
	const word = words[at] ?? "";
	const next = words[at + 1] ?? "";
	if (refusals.has(word)) return true;
	return isDenial(word) && (at > end || denied.has(next));
}
