import { dropIdAndTitle, type FoundCheck, findCheck } from "./find-check.ts";
import { findPhrases, indexPhrases, toWords } from "./phrases.ts";
import {
	combineStatuses,
	type ReadStatus,
	readStatus,
	takeMarkers,
} from "./read-status.ts";
import { legChecks, readLegWords } from "./read-trifecta.ts";
import type { Phase } from "./schema.ts";
import { columnWords } from "./wordings/fields.ts";

/** What one place of a report says about one check. */
export type Claim = Pick<FoundCheck, "check" | "phase" | "part" | "byId"> & {
	status: ReadStatus["status"];
	/** Whether the place says two different things. */
	contradictory: boolean;
	/** The evidence in the report's words, or an empty text. */
	evidence: string;
	line: number;
};

/** A table row, with the head of its table; the head itself has an empty one. */
export type Row = { cells: string[]; header: string[]; line: number };

const legs = new Set<string>(Object.values(legChecks));
const columns = indexPhrases(
	Object.entries(columnWords).flatMap(([kind, words]) =>
		words.map((word) => [word, kind as keyof typeof columnWords] as const),
	),
);
const box = /^\[([ xX✓✔])\]\s*/;
const separator = /:(?=\s|$)|\s[-–—=→]\s|\s=>\s/u;
/** A longer text speaks about a check, it does not name one. */
const labelWords = 12;

/** Takes `Label: the rest` apart. Without a separator the label is empty. */
export function splitLabel(text: string): { label: string; rest: string } {
	const match = separator.exec(text.slice(0, 200));
	if (!match) return { label: "", rest: text.trim() };
	return {
		label: text.slice(0, match.index).trim(),
		rest: text.slice(match.index + match[0].length).trim(),
	};
}

/**
 * Reads a line of running text or of a list as an answer to a check.
 * @returns Undefined where the line names no check or says nothing about it.
 */
export function readClaimLine(
	text: string,
	line: number,
	phase: Phase | null,
): Claim | undefined {
	const ticked = box.exec(text)?.[1];
	const body = text.replace(box, "").trim();
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
	const danger = found.danger !== found.denied;
	const word = said === "" ? undefined : readStatus(said, danger);
	const all = [...signs.found];
	if (ticked !== undefined) all.push(ticked === " " ? "unanswered" : "pass");
	const marked = all.length > 0;
	// A tick beside the bare name of a danger may mean that it is there, or that it is not.
	if (said === "" && danger && all.includes("pass")) all.length = 0;
	if (word && word.status !== "unreadable") all.push(word.status);
	const claim = settle(found, combineStatuses(all), word?.rest ?? "", line);
	const silent = claim.status === "unreadable" && !marked && !found.byId;
	return silent ? undefined : claim;
}

/**
 * Reads a table row as an answer to a check.
 * @returns Undefined where the row names no check, or neither the table's head nor a cell speaks of a status.
 */
export function readClaimRow(row: Row, phase: Phase | null): Claim | undefined {
	const kinds = row.header.map(readColumn);
	const given = kinds.indexOf("status");
	const guessed = row.cells.findIndex(
		(cell, at) => at > 0 && readStatus(cell).status !== "unreadable" && cell,
	);
	const at = given >= 0 ? given : guessed;
	if (at < 0) return readClaimLine(row.cells[0] ?? "", row.line, phase);
	const isLabel = (index: number) =>
		index !== at && (kinds[index] === "label" || (index === 0 && at !== 0));
	const named = row.cells.filter((_, index) => isLabel(index));
	const label = takeMarkers(
		(named.length > 0 ? named : row.cells.slice(at + 1, at + 2)).join(" "),
	);
	const found = findCheck(label.without, phase);
	if (!found) return undefined;
	const { status, contradictory, rest } = readStatus(
		row.cells[at] ?? "",
		found.danger !== found.denied,
	);
	// "No pipeline" with a tick may mean that there is one, or that there is none.
	const unclear = found.denied && !found.danger && status === "pass";
	const evidence = row.cells.filter((_, index) =>
		kinds.includes("evidence")
			? kinds[index] === "evidence"
			: index > at && !isLabel(index),
	);
	return settle(
		found,
		{ status: unclear ? "unreadable" : status, contradictory },
		[rest, ...evidence].filter((part) => part.trim() !== "").join(": "),
		row.line,
	);
}

/** What a column holds, by the words in its head. */
export function readColumn(head: string): keyof typeof columnWords | undefined {
	return findPhrases(columns, toWords(head.slice(0, 100)))[0]?.value;
}

function settle(
	{ check, phase, part, byId }: FoundCheck,
	{ status, contradictory }: Omit<ReadStatus, "rest">,
	evidence: string,
	line: number,
): Claim {
	const claim = { check, phase, part, byId, contradictory, evidence, line };
	if (status !== "unreadable" || !legs.has(check.id))
		return { ...claim, status };
	const leg = readLegWords(evidence);
	if (leg === "unknown") return { ...claim, status };
	return { ...claim, status: leg === "present" ? "fail" : "pass" };
}
