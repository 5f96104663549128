import { findCheck } from "./find-check.ts";
import { findPhrases, indexPhrases, toWords } from "./phrases.ts";
import {
	type Claim,
	isPlainAnswer,
	readClaimLine,
	settle,
} from "./read-claim.ts";
import { combineStatuses, type ReadStatus, readStatus } from "./read-status.ts";
import type { Phase } from "./schema.ts";
import { takeMarkers } from "./take-markers.ts";
import { columnWords, statusHeadFillers } from "./wordings/fields.ts";

/** A table row, with the head of its table, which is empty for the head itself. */
export type Row = {
	cells: string[];
	links: string[];
	header: string[];
	line: number;
};

/** All words that may appear in the head of an answer column. */
const statusHeadWords = new Set([
	...columnWords.status.flatMap(toWords),
	...columnWords.label,
	...statusHeadFillers,
]);

type ColumnKind = keyof typeof columnWords;

const columns = indexPhrases(
	Object.entries(columnWords).flatMap(([kind, words]) =>
		words.map((word) => [word, kind as ColumnKind] as const),
	),
);

/**
 * Reads a table row as an answer to a check.
 *
 * @returns Undefined if the row names no check, or neither the table's head nor a cell contains a status.
 */
export function readClaimRow(row: Row, phase: Phase | null): Claim | undefined {
	const { cells, line } = row;
	const kinds = readHead(row.header);
	const statusColumns = findStatusColumns(cells, kinds);
	const [first] = statusColumns;
	if (first === undefined) return readClaimLine(cells[0] ?? "", line, phase);
	const isLabel = (index: number) =>
		!statusColumns.includes(index) && (kinds[index] === "label" || index === 0);
	const named = cells.filter((_, index) => isLabel(index));
	const label = named.length > 0 ? named.join(" ") : (cells[first + 1] ?? "");
	const found = findCheck(takeMarkers(label).without, phase);
	if (!found) return undefined;
	const statuses = statusColumns.map((index) =>
		readStatus(cells[index] ?? "", found.danger !== found.denied, (more) =>
			isPlainAnswer(found, more),
		),
	);
	const { status, contradictory } = combineCells(statuses);
	// "No pipeline" with a tick may mean that there is a pipeline, or that there is none.
	const unclear =
		status === "pass" && (!found.isClear() || (found.denied && !found.danger));
	const evidence = cells.filter((_, index) =>
		kinds.includes("evidence")
			? kinds[index] === "evidence"
			: index > first && !isLabel(index) && !statusColumns.includes(index),
	);
	return settle(
		found,
		{ status: unclear ? "unreadable" : status, contradictory },
		[...statuses.map(({ rest }) => rest), ...evidence]
			.filter((part) => part.trim() !== "")
			.join(": "),
		line,
		unclear ? { about: "pass", text: label.trim() } : findCellDoubt(statuses),
	);
}

/** Returns the first part of the statuses that is not understood. */
function findCellDoubt(statuses: ReadStatus[]): Claim["doubt"] {
	const text = statuses.find(({ status }) => status === "unreadable")?.rest;
	return text ? { about: "status", text } : null;
}

/** Returns what each column of a table contains, by its head. */
export function readHead(header: string[]): (ColumnKind | undefined)[] {
	if (header !== last.header) last = { header, kinds: header.map(readColumn) };
	return last.kinds;
}

/** The head of a table is read once for all its rows. */
let last: { header: string[]; kinds: (ColumnKind | undefined)[] } = {
	header: [],
	kinds: [],
};

/** Returns what a column contains, by the words in its head. */
function readColumn(head: string): ColumnKind | undefined {
	const words = toWords(head.slice(0, 100));
	const kinds = findPhrases(columns, words).map(({ value }) => value);
	// "Not OK" and "Failed?" reverse the meaning of a tick; "Pass/Fail" does not.
	if (kinds.includes("other") && words[0] !== "pass") return "other";
	// "Target status" and "Status in 2027" do not describe this server today.
	const plain = words.every((word) => statusHeadWords.has(word));
	return kinds[0] === "status" && !plain ? "other" : kinds[0];
}

/** Returns the columns whose head says status; without any, those with a cell that is a status by itself. */
function findStatusColumns(
	cells: string[],
	kinds: (ColumnKind | undefined)[],
): number[] {
	const columns = [...cells.keys()];
	if (kinds.includes("status"))
		return columns.filter((index) => kinds[index] === "status");
	return columns.filter(
		(index) =>
			index > 0 &&
			kinds[index] === undefined &&
			isPlainStatus(cells[index] ?? ""),
	);
}

/** Returns whether a cell is a status whatever its column asks; "yes" and "no" are not. */
function isPlainStatus(cell: string): boolean {
	const { status } = readStatus(cell, false, () => true);
	return (
		cell !== "" &&
		status !== "unreadable" &&
		status === readStatus(cell, true, () => true).status
	);
}

function combineCells(statuses: ReadStatus[]): Omit<ReadStatus, "rest"> {
	const readable = statuses
		.map(({ status }) => status)
		.filter((status) => status !== "unreadable");
	const { status, contradictory } = combineStatuses(readable);
	const isPartial = readable.length < statuses.length && status !== "fail";
	return {
		status: isPartial ? "unreadable" : status,
		contradictory: contradictory || statuses.some((one) => one.contradictory),
	};
}
