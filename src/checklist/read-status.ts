import { isHarmless } from "./doubt.ts";
import { muteAddresses } from "./mute-addresses.ts";
import { cutAt, indexPhrases, matchPhraseAt, toWords } from "./phrases.ts";
import { takeMarkers, tickedBox } from "./take-markers.ts";
import {
	noWords,
	type StatusWord,
	statusWords,
	yesWords,
} from "./wordings/statuses.ts";

/** A status in a report's words: one of the known ones, or something that could not be understood. */
export type ReadStatus = {
	status: StatusWord | "unreadable";
	/** The rest of the text. */
	rest: string;
	/** Whether the text says two different things. */
	contradictory: boolean;
};

const statuses = Object.keys(statusWords) as StatusWord[];
const words = indexPhrases(
	statuses.flatMap((status) =>
		statusWords[status].map((word) => [word, status] as const),
	),
);
const answers = indexPhrases([
	...yesWords.map((word) => [word, "yes"] as const),
	...noWords.map((word) => [word, "no"] as const),
]);
const emptyBox = /^\[\s*\]$/;
/** A list to choose from, as in templates. */
const choice =
	/\b(?:pass(?:ed)?\s*(?:\/|\||,|or|eller)\s*(?:warning|fail)|yes\s*(?:\/|\||or)\s*no|ja\s*(?:\/|\||eller)\s*nei)/i;
/** Words after "ok" or "implemented" that restrict it, even after a comma. */
const exceptions = new Set(
	"partially partly except unless but pending delvis unntatt bortsett men".split(
		" ",
	),
);
/** Words that take it back in the same clause: "done soon", but not "done, not by hand". */
const postponements = new Set(
	"not never soon later planned next once if when until ikke aldri snart senere planlagt hvis når".split(
		" ",
	),
);
const absent = /^(?:none|not in)\b(?!\.\w)/i;
const worstFirst: StatusWord[] = [
	"fail",
	"unanswered",
	"warning",
	"not_applicable",
	"pass",
];

/** Number of characters in which a status is looked for. */
const headLength = 200;

/**
 * Reads a status at the beginning of a text, or one marked by a sign in it.
 *
 * @param text The cell or the words after a label, such as `✅ OBO only`, `Pass`, `❌` or `nei`.
 * @param danger Whether the label names something bad, so that "no" is good.
 * @param knows Returns whether the text beside a sign or word of passing is understood; if not, the text is not a
 *   pass.
 * @returns The worst reading if the text says two things; `unreadable` if it says nothing that is known.
 */
export function readStatus(
	text: string,
	danger = false,
	knows: (more: string) => boolean = isHarmless,
): ReadStatus {
	const trimmed = text.trim();
	if (isOpen(trimmed))
		return { status: "unanswered", rest: "", contradictory: false };
	const { found, without } = takeMarkers(trimmed);
	if (choice.test(without))
		return { status: "unanswered", rest: "", contradictory: false };
	const { word, rest, more = rest } = takeWord(without, danger);
	const all = danger ? dropCross(found, trimmed, without) : found;
	if (word) all.push(word);
	const { status, contradictory } = combineStatuses(all);
	const unclear = status === "pass" && !knows(more);
	return { status: unclear ? "unreadable" : status, rest, contradictory };
}

/**
 * Drops a cross beside a danger that is crossed out: the skill writes an absent leg of the trifecta as `NONE ✗`.
 */
export function dropCross(
	found: StatusWord[],
	text: string,
	said: string,
): StatusWord[] {
	return found.includes("fail") && absent.test(said) && /[✗✘]/.test(text)
		? found.filter((one) => one !== "fail")
		: found;
}

/** Returns the worst of several statuses, and whether they differ. */
export function combineStatuses(all: StatusWord[]): Omit<ReadStatus, "rest"> {
	const [only = "unreadable"] = all;
	if (all.length < 2) return { status: only, contradictory: false };
	return {
		status: worstFirst.find((one) => all.includes(one)) ?? "unreadable",
		contradictory: all.some((one) => one !== all[0]),
	};
}

function isOpen(text: string): boolean {
	const placeholder = text.startsWith("[") && text.endsWith("]");
	return (
		text === "" ||
		(placeholder && (emptyBox.test(text) || !tickedBox.test(text))) ||
		/^[-–—.…]+$/.test(text) ||
		(text.endsWith("?") && text.length <= 40)
	);
}

function takeWord(
	text: string,
	danger: boolean,
): { word?: StatusWord; rest: string; more?: string } {
	const head = toWords(text.slice(0, headLength));
	const status = matchPhraseAt(words, head, 0);
	// Something bad that is absent is good.
	if (danger && head[0] === "absent")
		return { word: "pass", rest: text, more: dropWords(text, 1) };
	if (status) {
		const { value, length } = status;
		const qualified = takesBack(text, head.slice(length, length + 3), length);
		return {
			word: value === "pass" && qualified ? "warning" : value,
			rest: dropWords(text, length),
		};
	}
	const answer = matchPhraseAt(answers, head, 0);
	// "No audio content" is a statement and not the answer "no".
	if (answer && standsAlone(text))
		return {
			word: (answer.value === "yes") === danger ? "fail" : "pass",
			rest: text,
			more: dropWords(text, answer.length),
		};
	return { rest: text };
}

function takesBack(
	text: string,
	next: readonly string[],
	length: number,
): boolean {
	if (next.some((word) => exceptions.has(word))) return true;
	if (next.length === 0 && text.length <= headLength) return false;
	const clause = toWords(cutAt(/[,.:;()–—]|\s-\s/, muteAddresses(text)));
	return clause
		.slice(length, length + 3)
		.some((word) => postponements.has(word));
}

function standsAlone(text: string): boolean {
	return /^\P{L}*\p{L}+\s*(?:$|[^\p{L}\p{N}\s])/u.test(text);
}

function dropWords(text: string, count: number): string {
	let rest = text;
	for (let index = 0; index < count; index += 1)
		rest = rest.replace(/^[^\p{L}\p{N}]*[\p{L}\p{N}]+/u, "");
	return rest.replace(/^[\s:;,.–—-]+/u, "");
}
