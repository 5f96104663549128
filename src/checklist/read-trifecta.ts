import {
	findPhrases,
	indexPhrases,
	matchPhraseAt,
	toWords,
} from "./phrases.ts";
import type { CheckAnswer, Trifecta, TrifectaLeg } from "./schema.ts";
import { legAbsent, legControlled, legPresent } from "./wordings/statuses.ts";

/** The checks that ask for the three legs, and the one that asks for their combination. */
export const legChecks = {
	private_data: "SEC-1",
	untrusted_content: "SEC-2",
	external_communication: "SEC-3",
} as const;
export const combinationCheck = "SEC-4";

const index = indexPhrases<TrifectaLeg>([
	...legPresent.map((phrase) => [phrase, "present"] as const),
	...legControlled.map((phrase) => [phrase, "controlled"] as const),
	...legAbsent.map((phrase) => [phrase, "none"] as const),
]);

/**
 * Reads what a text says about a leg of the trifecta.
 * @param text Status and evidence in the report's words, such as `OBO only` or `None: all calls internal`.
 * @returns `unknown` where no known word says anything.
 */
export function readLegWords(text: string): TrifectaLeg {
	const words = toWords(text.slice(0, 2000));
	const found = findPhrases(index, words).filter(
		({ value, start }) => value !== "none" || start === 0,
	);
	if (found.some(({ value }) => value === "present")) return "present";
	return matchPhraseAt(index, words, 0)?.value ?? found[0]?.value ?? "unknown";
}

/** The three legs and their combination, from the answers to the security checks. */
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
	const said = readLegWords(answer?.evidence ?? "");
	switch (answer?.status) {
		case "fail":
			return "present";
		case "pass":
			if (said === "present") return "unknown";
			return said === "unknown" && answer.evidence ? "controlled" : said;
		case "warning":
			return said === "present" ? "present" : "unknown";
		case "not_applicable":
			return said === "none" ? "none" : "unknown";
		default:
			return "unknown";
	}
}
