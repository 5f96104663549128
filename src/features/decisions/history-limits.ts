import type { Approval, Decision, Revision } from "./schema.ts";

// A report may hold a hundred decisions with long notes: whatever shows several
// is bounded, and leads to the pages on which everything is read whole.

/** Characters of each notes in a history of reports; behind a longer one stands an ellipsis. */
export const NOTES_SHOWN = 300;

/** Decisions of each report, the last ones, in a history of reports. */
export const DECISIONS_SHOWN = 10;

/** Revisions, decisions and approvals together after which a page of revisions ends. */
export const RECORDS_PER_PAGE = 200;

/** The same of what a report's page shows. */
export const RECORDS_SHOWN = 50;

/** Bytes of whole notes, in UTF-8, after which a page of decisions ends. */
export const NOTES_PER_PAGE = 32 * 1024;

/** Revisions among which somebody chooses one, the newest. */
export const REVISIONS_OFFERED = 200;

/** Whether a page of revisions has ended by what it holds, before its `limit`. */
export function isFullOfRecords(revisions: Revision[]): boolean {
	const records = revisions.map(
		({ decisions, open_approvals }) =>
			1 +
			decisions.length +
			open_approvals.length +
			sum(decisions.map(({ approvals }) => approvals.length)),
	);
	return sum(records) >= RECORDS_PER_PAGE;
}

/** Whether a page of decisions has ended by the notes that it holds, before its `limit`. */
export function isFullOfNotes(decisions: Decision[]): boolean {
	const bytes = decisions.flatMap(({ notes, approvals }) =>
		[notes, ...approvals.map(({ notes }) => notes)].map((text) =>
			Buffer.byteLength(text ?? ""),
		),
	);
	return sum(bytes) >= NOTES_PER_PAGE;
}

function sum(numbers: number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}

/** Notes as they are kept, or the beginning of them. */
export type Notes = Pick<Approval, "notes" | "notes_shortened">;

/** Whole notes as a history has them. */
export function shortenNotes<Noted extends Notes>(noted: Noted): Noted {
	const { notes } = noted;
	if (notes === null || notes.length <= NOTES_SHOWN) return noted;
	// Not within a pair of surrogates.
	const short = notes.slice(0, NOTES_SHOWN).replace(/[\uD800-\uDBFF]$/, "");
	return { ...noted, notes: `${short}…`, notes_shortened: true };
}
