import { readId } from "./check-id.ts";
import { type FoundCheck, findCheck } from "./find-check.ts";
import { findPhase } from "./find-phase.ts";
import type { Block, Markdown } from "./markdown.ts";
import { toKey, toWords } from "./phrases.ts";
import { type Claim, readClaimLine, splitLabel } from "./read-claim.ts";
import { type Row, readClaimRow, readHead } from "./read-claim-row.ts";
import { addMarkedVerdict, readLabelled } from "./read-labelled.ts";
import { readStatusField } from "./read-status-field.ts";
import type { Report } from "./report.ts";
import type { TextLine } from "./running-text.ts";
import type { Phase } from "./schema.ts";
import { takeMarkers } from "./take-markers.ts";
import {
	asideHeadings,
	asideWords,
	columnWords,
	statusLabels,
} from "./wordings/fields.ts";

type Place = {
	phase: Phase | null;
	depth: number;
	/** Depth of the heading of the aside around the text, such as an example; 0 outside. */
	aside: number;
	/** Whether a heading has been seen. */
	titled: boolean;
	/** The check whose own heading is above the text. */
	heading: FoundCheck | undefined;
	/** The answer that evidence on the following lines belongs to. */
	last: Claim | undefined;
	/** The line of that answer, if it begins with a check's id: a status below it belongs to it. */
	item: string | undefined;
	indent: number;
};

const asides = new Set<string>(asideHeadings);
const elsewhere = new Set(asideWords);
const statusFields = new Set<string>(statusLabels);
const evidenceFields = new Set<string>(columnWords.evidence);

/**
 * Sorts what a report says. Headings determine the phase of the text below; answers are understood anywhere.
 *
 * @param markdown The report, read as Markdown.
 */
export function readReport({ blocks }: Markdown): Report {
	const report: Report = {
		header: {
			server_name: null,
			repository: null,
			developer: null,
			review_date: null,
			review_duration: null,
			checklist_version: null,
		},
		repeated: [],
		phaseLines: new Map(),
		verdicts: [],
		refusals: [],
		risks: [],
		claims: [],
	};
	const place: Place = {
		phase: null,
		depth: 0,
		aside: 0,
		titled: false,
		heading: undefined,
		last: undefined,
		item: undefined,
		indent: 0,
	};
	for (const block of blocks) readBlock(report, place, block);
	return report;
}

function readBlock(report: Report, place: Place, block: Block): void {
	if (block.type === "heading") readHeading(report, place, block);
	else if (block.type === "row") readRow(report, place, block);
	else {
		const isNested = block.indent > place.indent;
		if (!isNested) place.item = undefined;
		if (!isNested && !place.heading) place.last = undefined;
		for (const line of block.lines) readLine(report, place, line, block.indent);
	}
}

function readHeading(
	report: Report,
	place: Place,
	{ text, depth, line }: Extract<Block, { type: "heading" }>,
): void {
	place.last = undefined;
	place.heading = undefined;
	place.indent = 0;
	if (depth <= place.aside) place.aside = 0;
	const phase = findPhase(text);
	// A report's title may well contain "template", or a server may be called example.
	const isTitle = !place.titled;
	place.titled = true;
	const isAside =
		asides.has(toKey(text)) || (!phase && !isTitle && isElsewhere(text));
	if (isAside && place.aside === 0) place.aside = depth;
	if (phase) {
		openPhase(report, place, phase, depth, line);
		if (place.aside === 0) addMarkedVerdict(report, phase, text, line);
		return;
	}
	if (depth < place.depth) place.phase = null;
	const check = findCheck(takeMarkers(text).without, place.phase);
	const { label, rest } = splitLabel(text);
	const labelled = { label, key: toKey(label), rest, links: [], line };
	if (readField(report, place, labelled)) return;
	place.heading = check;
	if (!check) return;
	const claim = readClaimLine(text, line, place.phase);
	if (claim && claim.status !== "unreadable") addClaim(report, place, claim, 0);
}

function openPhase(
	report: Report,
	place: Place,
	phase: Phase,
	depth: number,
	line: number,
): void {
	place.phase = phase;
	place.depth = depth;
	if (place.aside === 0 && !report.phaseLines.has(phase))
		report.phaseLines.set(phase, line);
}

function readRow(report: Report, place: Place, row: Row): void {
	place.last = undefined;
	const isHead = row.header.length === 0;
	if (isHead && readHead(row.cells).some((kind) => kind !== undefined)) return;
	const [label = "", ...rest] = row.cells;
	const { links, line } = row;
	const key = toFieldKey(label);
	const labelled = { label, key, rest: rest.join(" "), links, line };
	if (readField(report, place, labelled)) return;
	const claim = readClaimRow(row, place.phase);
	if (claim) addClaim(report, place, claim, 0);
}

function readLine(
	report: Report,
	place: Place,
	{ text, line, links }: TextLine,
	indent: number,
): void {
	const { label, rest } = splitLabel(text);
	const key = toFieldKey(label);
	const named = statusFields.has(key) ? findNamed(place, key) : undefined;
	if (named) {
		const claim = readStatusField(named, rest, line);
		const { item } = place;
		addClaim(report, place, claim, item ? place.indent : indent, item);
		return;
	}
	if (place.last && evidenceFields.has(key)) {
		appendEvidence(place.last, rest);
		return;
	}
	const labelled = { label, key, rest, links, line };
	if (readField(report, place, labelled)) return;
	const phase = findPhaseLine(text);
	if (phase) {
		openPhase(report, place, phase, 6, line);
		return;
	}
	const claim = readClaimLine(text, line, place.phase);
	if (claim) {
		const item = claim.byId ? text : undefined;
		addClaim(report, place, claim, indent, item);
	} else if (place.last) appendEvidence(place.last, text);
}

/**
 * Returns the check that a field such as "Status: Pass" answers: that of the list item above it, or of the heading.
 */
function findNamed(place: Place, key: string): FoundCheck | undefined {
	const { last, item, phase, heading } = place;
	if (!last || item === undefined) return heading;
	// Beside an answer, "Result" may be that of a command.
	if (last.status !== "unreadable" && key !== "status") return undefined;
	return findCheck(takeMarkers(item).without, phase);
}

/** Reads a verdict field; in an example or a summary it can make things worse, but never better. */
function readField(
	report: Report,
	place: Place,
	labelled: Parameters<typeof readLabelled>[2],
): boolean {
	const before = report.verdicts.length;
	const isField = readLabelled(report, place.phase, labelled);
	if (place.aside > 0 && report.verdicts.at(before)?.verdict === "pass")
		report.verdicts.length = before;
	return isField;
}

/** Returns a label's key; empty if it begins with a check's id, which no field does. */
function toFieldKey(label: string): string {
	return readId(label).entry ? "" : toKey(label);
}

function isElsewhere(heading: string): boolean {
	return toWords(heading.slice(0, 200)).some((word) => elsewhere.has(word));
}

/** Returns the phase of a line used as a heading, such as `**Fase 1: Sikkerhet**`. */
function findPhaseLine(text: string): Phase | undefined {
	return /^\s*(?:phase|fase)\s+\d/i.test(text) ? findPhase(text) : undefined;
}

function addClaim(
	report: Report,
	place: Place,
	claim: Claim,
	indent: number,
	item?: string,
): void {
	claim.aside = place.aside > 0;
	report.claims.push(claim);
	place.last = claim;
	place.item = item;
	place.indent = indent;
}

function appendEvidence(claim: Claim, text: string): void {
	const more = text.trim();
	if (more !== "" && claim.evidence.length < 2000)
		claim.evidence += claim.evidence === "" ? more : `\n${more}`;
}
