import { isDenial } from "../doubt.ts";
import { refusalWords } from "../wordings/doubts.ts";
import { hasLongPause, hasPause, type Sentence } from "./sentence.ts";

/** Phrases that a denial covers together, such as "audio, images or resource links". */
export type List = {
	/** Index of the first word. */
	start: number;
	/** Index after the last word. */
	end: number;
	size: number;
	joined: boolean;
};

/** Words between a denial and what it denies: "does not use any API keys". */
const between = new Set(
	"a an any the of use uses used using have has contain contains accept accepts return returns longer real single such other to be no or and nor en et noen bruk bruker av eller og".split(
		" ",
	),
);
/**
 * More of them, if there is no comma or colon between: "never connect to the …", "none of the tools return …".
 */
const farBetween = new Set([
	...between,
	..."can could may must connect connects connected to from with into against on read reads see sees touch touches reach reaches access accesses query queries load loads hold holds include includes store stores copy copies copied taken come comes deploy deploys deployed tool tools test tests step steps job jobs stage stages our this is are was were ever".split(
		" ",
	),
]);
const farthest = 6;
const refusals = new Set(refusalWords);
const exclusions = new Set("without uten ohne utan".split(" "));
const auxiliaries = new Set(
	"is are was were be been has have had will må er blir ble har".split(" "),
);
const denied = new Set(
	"used allowed accepted present needed returned stored possible brukt tillatt lov mulig".split(
		" ",
	),
);
const disabled = new Set("disabled deactivated deaktivert".split(" "));
/** Words after the name of a way to sign in: "the client credentials grant is disabled". */
const kinds = new Set(
	"grant grants flow flows authentication access".split(" "),
);
const joins = new Set(["or", "and", "nor", "eller", "og"]);
const alternatives = new Set(["or", "nor", "eller", "oder"]);
/** What is denied together with a red flag: "No secrets, API keys or service principals". */
const companions = new Set(
	"secret secrets password passwords credential credentials token tokens key keys certificate certificates video videos file files binary binaries blob blobs hemmeligheter passord".split(
		" ",
	),
);
const nothingAfter =
	/^\s*[:=]\s*(?:none|no|0|never|ingen|nei|keine)\s*(?:$|\((?!\s*(?:but|except|unless|apart|only|other|yet)\b)|,\s*)/i;
/** Denials that are whole answers: "grep found nothing, API key in vault" denies no key. */
const answers = new Set("nothing nobody none nowhere ingenting".split(" "));
/** Words that take a denial back: "are not only used", "is not disabled". */
const restrictions = new Set("only just yet always bare".split(" "));

/** Groups phrases that are adjacent, or have "or" and "and" between them. */
export function listTogether(
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

/** Returns whether a sentence denies what a list in it names. */
export function isDenied(sentence: Sentence, list: List): boolean {
	const { words } = sentence;
	const { start, end, size, joined } = list;
	if (isDeniedAfter(words, end) || isNone(sentence, list)) return true;
	// "No audio, images are returned" denies only the first.
	const stated = size > 1 && !joined && auxiliaries.has(words[end] ?? "");
	if (stated) return false;
	return (
		isDeniedBefore(sentence, start) ||
		isDeniedFarBefore(sentence, start) ||
		isDeniedWithOthers(sentence, list)
	);
}

/**
 * Matches "No …", "does not use any …", "refuses …", "instead of …", "rather than …"; "nobody without …" denies
 * nothing.
 */
function isDeniedBefore(sentence: Sentence, start: number): boolean {
	const { words } = sentence;
	let at = start - 1;
	while (at >= start - 4 && between.has(words[at] ?? "") && !isNo(words, at))
		at -= 1;
	const word = words[at] ?? "";
	const before = words[at - 1] ?? "";
	if (word === "than") return before === "rather";
	if (words[at + 1] === "of" && word === "instead") return true;
	if (words[at + 1] === "of" && word === "free") return !isDenial(before);
	if (answers.has(word) && hasPause(sentence, at, start)) return false;
	return (isDenial(word) || refusals.has(word)) && !isDoubled(sentence, at);
}

/** Matches "Nobody gets in without …". */
function isDoubled(sentence: Sentence, at: number): boolean {
	const { words } = sentence;
	if (!exclusions.has(words[at] ?? "")) return false;
	for (let other = at - 1; other >= at - farthest; other -= 1)
		if (isNo(words, other))
			return at - other <= 3 || !hasPause(sentence, other, at);
	return false;
}

function isNo(words: readonly string[], at: number): boolean {
	return isDenial(words[at] ?? "");
}

/** Matches "Never connects to the …", "nobody can deploy from …": one denial, without a pause between. */
function isDeniedFarBefore(sentence: Sentence, start: number): boolean {
	const { words } = sentence;
	let at = start - 1;
	while (
		at > start - farthest &&
		farBetween.has(words[at] ?? "") &&
		!isNo(words, at)
	)
		at -= 1;
	return (
		isNo(words, at) &&
		!hasPause(sentence, at, start) &&
		!isDoubled(sentence, at) &&
		!words.slice(Math.max(0, at - 3), at).some(isDenial)
	);
}

/** Matches "No secrets, API keys or service principals": an "or" makes one list of all. */
function isDeniedWithOthers(sentence: Sentence, { start, end }: List): boolean {
	const { words } = sentence;
	const isListed = (word = "") => companions.has(word) || joins.has(word);
	let at = start - 1;
	while (at >= start - 5 && isListed(words[at])) at -= 1;
	return (
		isNo(words, at) &&
		!hasLongPause(sentence, at, start) &&
		words.slice(at, end).some((word) => alternatives.has(word))
	);
}

/** Matches "… are never used", "… is refused", "… not used", "… grant is disabled". */
function isDeniedAfter(words: readonly string[], end: number): boolean {
	const kind = kinds.has(words[end] ?? "") ? end + 1 : end;
	const at = auxiliaries.has(words[kind] ?? "") ? kind + 1 : kind;
	const word = words[at] ?? "";
	const next = words[at + 1] ?? "";
	if (refusals.has(word)) return true;
	if (disabled.has(word) && at > kind) return true;
	if (restrictions.has(next) || disabled.has(next) || refusals.has(next))
		return false;
	return isDenial(word) && (at > kind || denied.has(next));
}

/** Matches "API keys: none", at the end of its sentence or before the next item of a list. */
function isNone({ text, starts, ends }: Sentence, { end }: List): boolean {
	const rest = text.slice(ends[end - 1]);
	const said = nothingAfter.exec(rest)?.[0];
	if (said === undefined) return false;
	const next = (ends[end - 1] ?? 0) + said.length;
	return !said.trimEnd().endsWith(",") || startsAnother(text, starts, next);
}

/** Returns whether another "…: none" begins at a place: text after a comma may take the word back. */
function startsAnother(
	text: string,
	starts: readonly number[],
	at: number,
): boolean {
	return (
		starts.includes(at) &&
		/^[^:,]{1,60}[:=]\s*(?:none|no|0|never|ingen|nei|keine)\s*(?:$|[,(])/i.test(
			text.slice(at),
		)
	);
}
