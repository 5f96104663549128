import type {
	CheckAnswer,
	Trifecta,
	TrifectaLeg,
} from "./assessment-schema.ts";
import { isDenial, isMadeOf, putsOff, tellsOtherwise } from "./doubt.ts";
import { muteAddresses } from "./mute-addresses.ts";
import {
	findPhrases,
	indexPhrases,
	matchPhraseAt,
	toWords,
} from "./phrases.ts";
import { checkWordings } from "./wordings/checks.ts";
import { dangerNouns } from "./wordings/doubts.ts";
import {
	legAbsent,
	legControlled,
	legOpenings,
	legPresent,
	legStatements,
} from "./wordings/statuses.ts";

/** The checks about the three legs, and the one about their combination. */
export const legChecks = {
	private_data: "SEC-1",
	untrusted_content: "SEC-2",
	external_communication: "SEC-3",
} as const;
export const combinationCheck = "SEC-4";

const legNames = indexPhrases(
	[
		...Object.values(legChecks).flatMap((id) => checkWordings[id]?.bad ?? []),
		...dangerNouns,
		"at all",
		"whatsoever",
	].map((phrase) => [phrase, true] as const),
);
const openings = indexPhrases(
	legOpenings.map((phrase) => [phrase, true] as const),
);
const statements = new Map(
	Object.entries(legStatements).map(([id, phrases]) => [id, new Set(phrases)]),
);
const exceptions = new Set("but except unless apart men unntatt".split(" "));
const index = indexPhrases<TrifectaLeg>([
	...legPresent.map((phrase) => [phrase, "present"] as const),
	...legControlled.map((phrase) => [phrase, "controlled"] as const),
	...legAbsent.map((phrase) => [phrase, "none"] as const),
]);

/**
 * Reads what a text says about a leg of the trifecta, clause by clause. A word of control counts only if its own
 * clause neither denies nor postpones it, and "none" only if it is a clause by itself or denies the leg's name.
 *
 * @param text Status and evidence in the report's words, such as `OBO only` or `None: all calls internal`.
 * @param id The leg's check, whose own statement is understood: "All calls stay inside" says nothing about private
 *   data.
 * @returns The meaning of the first clause with a known word; `present` wherever control is denied first, and
 *   `unknown` if no known word says anything or a later clause says that the leg is there.
 */
export function readLegWords(text: string, id: string): TrifectaLeg {
	const clauses = muteAddresses(text.slice(0, 2000))
		.split(/[,.:;()–—\n]+|\s-\s/)
		.map(toWords)
		.filter((words) => words.length > 0);
	const [opening = []] = clauses;
	clauses[0] = opening.slice(matchPhraseAt(openings, opening, 0)?.length ?? 0);
	if (statements.get(id)?.has(opening.join(" "))) clauses[0] = ["none"];
	const read = clauses.map((words, at) => readClause(words, at === 0));
	const said = read.filter((one) => one !== undefined);
	const [first = "unknown"] = said;
	if (first === "present") return "present";
	const opened = clauses[1];
	if (opened && notReally(opened)) return "unknown";
	return said.some((one) => one === "present" || one === "unknown")
		? "unknown"
		: first;
}

function readClause(
	words: readonly string[],
	isFirst: boolean,
): TrifectaLeg | undefined {
	if (words.length === 0) return undefined;
	const found = findPhrases(index, words);
	const absent = found[0]?.value === "none" && found[0].start === 0;
	if (isFirst && absent && isAll(words, found[0]?.length ?? 0)) return "none";
	const stated = found.filter(({ value }) => value !== "none");
	const [first] = stated;
	if (!first) return undefined;
	const denied = words.slice(0, first.start).some(isDenial);
	if (first.value === "present") return denied ? undefined : "present";
	const tail = words.slice(first.start + first.length);
	if (denied || tellsOtherwise(words) || isDenial(tail[0] ?? ""))
		return "unknown";
	return stated.some(({ value }) => value === "present")
		? "unknown"
		: "controlled";
}

/** Returns whether only the name of a leg follows a denial: "No external communication". */
function isAll(words: readonly string[], length: number): boolean {
	return (
		words.length === length || isMadeOf(legNames, words.slice(length).join(" "))
	);
}

/**
 * Returns whether words are taken back: "Controlled: not really", "None: planned for 2027", "None, but for the mail
 * tool".
 */
function notReally(words: readonly string[]): boolean {
	return (
		(isDenial(words[0] ?? "") && words.length <= 3) ||
		exceptions.has(words[0] ?? "") ||
		putsOff(words.slice(0, 4)) ||
		words.includes("really")
	);
}

const allLegs = new Set("all three both alle tre".split(" "));
const together = new Set(
	"present there combined together exist apply tilstede sammen finnes".split(
		" ",
	),
);

/** Returns whether a text says that all three legs come together, as in "All three legs are present". */
export function saysAllPresent(text: string): boolean {
	return text
		.slice(0, 2000)
		.split(/[,.:;\n]+/)
		.map(toWords)
		.some(
			(words) =>
				words.some((word) => allLegs.has(word)) &&
				words.some((word) => together.has(word)) &&
				!words.some((word) => isDenial(word) || word === "absent"),
		);
}

/** Returns the three legs and their combination, from the answers to the security checks. */
export function readTrifecta(answers: Map<string, CheckAnswer>): Trifecta {
	const leg = (id: string) => readLeg(answers.get(id));
	const legs = {
		private_data: leg(legChecks.private_data),
		untrusted_content: leg(legChecks.untrusted_content),
		external_communication: leg(legChecks.external_communication),
	};
	const all = Object.values(legs);
	const combined = answers.get(combinationCheck)?.status === "fail";
	if (combined || all.every((one) => one === "present"))
		return { ...legs, combination: "complete" };
	const broken = all.some((one) => one === "none" || one === "controlled");
	return { ...legs, combination: broken ? "broken" : "unknown" };
}

function readLeg(answer: CheckAnswer | undefined): TrifectaLeg {
	const said = readLegWords(answer?.evidence ?? "", answer?.id ?? "");
	switch (answer?.status) {
		case "fail":
			return "present";
		case "pass":
			return said;
		case "warning":
			return said === "present" ? "present" : "unknown";
		case "not_applicable":
			return said === "none" ? "none" : "unknown";
		default:
			return "unknown";
	}
}
