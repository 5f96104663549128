import type { TrifectaLeg } from "./assessment-schema.ts";
import { dropIdAndTitle } from "./check-id.ts";
import { findDoubt, isHarmless, isMadeOf } from "./doubt.ts";
import {
	type FoundCheck,
	findCheck,
	hasDenial,
	shortestName,
} from "./find-check.ts";
import { cutAt, indexPhrases, toWords } from "./phrases.ts";
import {
	combineStatuses,
	dropCross,
	type ReadStatus,
	readStatus,
} from "./read-status.ts";
import { combinationCheck, legChecks, readLegWords } from "./read-trifecta.ts";
import type { Phase } from "./schema.ts";
import { takeMarkers } from "./take-markers.ts";
import { checkWordings } from "./wordings/checks.ts";

/** What prevents an answer from being understood: words beside a pass, or the words of its status. */
export type Doubt = { about: "pass" | "status"; text: string };

/** What one place in a report says about one check. */
export type Claim = Pick<FoundCheck, "check" | "phase" | "parts" | "byId"> & {
	status: ReadStatus["status"];
	/** Whether the place says two different things. */
	contradictory: boolean;
	/** The evidence in the report's words, or an empty text. */
	evidence: string;
	line: number;
	/** Why the place is not understood, if a reason can be given. */
	doubt: Doubt | null;
	/** Whether the place only mentions checks, such as a summary; set when it is added to the report. */
	aside: boolean;
};

const statusByLeg = {
	present: "fail",
	controlled: "pass",
	none: "pass",
	unknown: "unreadable",
} as const satisfies Record<TrifectaLeg, Claim["status"]>;
const legs = new Set<string>(Object.values(legChecks));
const names = new Map(
	Object.entries(checkWordings).map(([id, { good = [] }]) => [
		id,
		indexPhrases(good.map((phrase) => [phrase, true] as const)),
	]),
);
const box = /^\[([ xX✓✔])\]\s*/;
const separator = /:(?=\s|$)|\s[-–—=→]\s|\s=>\s/u;
/** A longer text talks about a check rather than naming it. */
const labelWords = 12;

/** Splits `Label: the rest`. Without a separator the label is empty. */
export function splitLabel(text: string): { label: string; rest: string } {
	if (text === last.text) return last;
	const match = separator.exec(text.slice(0, 200));
	last = match
		? {
				text,
				label: text.slice(0, match.index).trim(),
				rest: text.slice(match.index + match[0].length).trim(),
			}
		: { text, label: "", rest: text.trim() };
	return last;
}

/** A line is split twice in a row, for a field and for a claim. */
let last = { text: "", label: "", rest: "" };

/**
 * Reads a line of running text or of a list as an answer to a check.
 *
 * @returns Undefined if the line names no check or says nothing about it.
 */
export function readClaimLine(
	text: string,
	line: number,
	phase: Phase | null,
): Claim | undefined {
	if (text.length < shortestName) return undefined;
	const ticked = box.exec(text)?.[1];
	const body =
		ticked === undefined ? text.trim() : text.replace(box, "").trim();
	const signs = takeMarkers(body);
	const afterId = dropIdAndTitle(signs.without);
	const { label, rest } =
		afterId === undefined
			? splitLabel(signs.without)
			: { label: signs.without.slice(0, 200), rest: afterId };
	const name = label || rest;
	if (afterId === undefined && toWords(name.slice(0, 200)).length > labelWords)
		return undefined;
	const found = findCheck(name, phase);
	if (!found) return undefined;
	const said = label === "" ? "" : rest;
	// A statement denies what it names before or after the name, within its first clause.
	const denied = said === "" ? hasDenial(cutAt(/[,;(–—]/, name)) : found.denied;
	const danger = found.danger !== denied;
	const word = said === "" ? undefined : readStatus(said, danger, () => true);
	const all = danger ? dropCross(signs.found, body, said) : signs.found;
	if (ticked !== undefined) all.push(ticked === " " ? "unanswered" : "pass");
	const marked = all.length > 0;
	// A tick beside nothing but the name of a danger may mean that it is there, or that it is not.
	if (said === "" && danger && all.includes("pass")) all.length = 0;
	if (word && word.status !== "unreadable") all.push(word.status);
	const evidence = word?.rest ?? "";
	const read = combineStatuses(all);
	const doubt =
		read.status === "pass" ? findClaimDoubt(found, name, evidence) : undefined;
	const claim = settle(
		found,
		{
			...read,
			status: doubt === undefined ? read.status : "unreadable",
		},
		evidence,
		line,
		doubt === undefined ? null : { about: "pass", text: doubt },
	);
	const silent = claim.status === "unreadable" && !marked && !found.byId;
	return silent ? undefined : claim;
}

/**
 * Returns whether the text beside the sign in a check's own status cell is understood: the check's name, or how a leg
 * is kept harmless.
 */
export function isPlainAnswer({ check }: FoundCheck, text: string): boolean {
	const index = names.get(check.id);
	return (
		isHarmless(text) ||
		(index !== undefined && isMadeOf(index, text)) ||
		isHarmlessLeg(check.id, text)
	);
}

/** Returns the word or name that makes a pass doubtful. */
function findClaimDoubt(
	{ check, byId, isClear }: FoundCheck,
	name: string,
	evidence: string,
): string | undefined {
	if (!byId && !isClear()) return name;
	const doubt = findDoubt(evidence);
	return doubt === undefined || isHarmlessLeg(check.id, evidence)
		? undefined
		: doubt;
}

function isHarmlessLeg(id: string, text: string): boolean {
	if (id === combinationCheck && toWords(text).includes("absent")) return true;
	if (!legs.has(id)) return false;
	const leg = readLegWords(text, id);
	return leg === "none" || leg === "controlled";
}

/**
 * Makes a claim from a check and a status. A leg of the trifecta may be answered in its own words, such as "OBO
 * only".
 */
export function settle(
	{ check, phase, parts, byId }: FoundCheck,
	{ status, contradictory }: Omit<ReadStatus, "rest">,
	evidence: string,
	line: number,
	doubt: Claim["doubt"],
): Claim {
	const told =
		status === "unreadable" && legs.has(check.id)
			? statusByLeg[readLegWords(evidence, check.id)]
			: status;
	return {
		check,
		phase,
		parts,
		byId,
		status: told,
		contradictory,
		evidence,
		line,
		doubt,
		aside: false,
	};
}
