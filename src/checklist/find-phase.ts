import { checklist } from "./checklist.ts";
import { indexPhrases, matchPhraseAt, toWords } from "./phrases.ts";
import type { Phase } from "./schema.ts";
import { takeMarkers } from "./take-markers.ts";
import { phaseNames, phaseWords, verdictWords } from "./wordings/phases.ts";

const names = checklist.phases.flatMap(({ id }) =>
	phaseNames[id].map((name) => [name, id] as const),
);
const index = indexPhrases(names);
const verdicts = new Map<string, Phase>(
	names.flatMap(([name, id]) =>
		["", ...verdictWords].map(
			(word) => [toWords(`${name} ${word}`).join(" "), id] as const,
		),
	),
);
const bareVerdicts = new Set(verdictWords);
/** Documents disagree on which of these is authentication and which observability. */
const ambiguousNumbers = new Set([4, 5]);
const prefixes = new Set(phaseWords);

/**
 * Finds the phase that a heading opens, by its name; by its number only where all documents agree.
 *
 * @param heading Text of the heading, such as `Phase 4: Observability Setup` or `Sikkerhet`.
 */
export function findPhase(heading: string): Phase | undefined {
	const text = takeMarkers(heading.slice(0, 200)).without;
	const words = toWords(text);
	const prefixed = prefixes.has(words[0] ?? "");
	const number = Number(words[prefixed ? 1 : 0]);
	const start = (prefixed ? 1 : 0) + (Number.isNaN(number) ? 0 : 1);
	const match = matchPhraseAt(index, words, start);
	const left = match ? words.length - start - match.length : 0;
	if (match && (prefixed || left === 0 || (match.length > 1 && left <= 4)))
		return match.value;
	if (!prefixed) return undefined;
	const later = words
		.map((_, at) => matchPhraseAt(index, words, at))
		.find((found) => found !== undefined);
	return later?.value ?? findByNumber(number);
}

/**
 * Finds the phase that a label gives a verdict on.
 *
 * @param label The key of the text before the colon, such as `security assessment`, `phase 2 policy` or `konklusjon`.
 * @param phase The phase around the label, which a bare `Assessment` is about.
 */
export function findVerdictPhase(
	label: string,
	phase: Phase | null,
): Phase | undefined {
	return (
		verdicts.get(dropNumber(label)) ??
		(bareVerdicts.has(label) ? (phase ?? undefined) : undefined)
	);
}

/** Returns a label without a prefix and its number, such as `phase 2`. */
function dropNumber(label: string): string {
	const end = label.indexOf(" ");
	if (end < 0 || !prefixes.has(label.slice(0, end))) return label;
	return label.split(" ").slice(2).join(" ");
}

function findByNumber(number: number): Phase | undefined {
	if (ambiguousNumbers.has(number)) return undefined;
	return checklist.phases.find((phase) => phase.number === number)?.id;
}
