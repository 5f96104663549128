import type { Approval, Decision, Revision } from "./schema.ts";

// A report may hold a hundred decisions with long notes: whatever shows several
// is bounded, and leads to the pages on which everything is read whole.

/** Maximum characters of notes in a history of reports; longer notes end with an ellipsis. */
export const NOTES_SHOWN = 300;

/** Maximum number of decisions per report, the latest ones, in a history of reports. */
export const DECISIONS_SHOWN = 10;

/** Revisions, decisions and approvals together after which a page of revisions ends. */
export const RECORDS_PER_PAGE = 200;

/** The same limit for what a report's page shows. */
export const RECORDS_SHOWN = 50;

/** Bytes of full notes, in UTF-8, after which a page of decisions ends. */
export const NOTES_PER_PAGE = 32 * 1024;

/** Maximum number of revisions offered for comparison, the newest ones. */
export const REVISIONS_OFFERED = 200;

/**
 * Returns whether a page of revisions is full because of its records, before it reaches its
 * `limit`.
 */
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

/**
 * Returns whether a page of decisions is full because of its notes, before it reaches its `limit`.
 */
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

/** Notes as stored, or their beginning. */
export type Notes = Pick<Approval, "notes" | "notes_shortened">;

/** Shortens full notes as a history shows them. */
export function shortenNotes<Noted extends Notes>(noted: Noted): Noted {
	const { notes } = noted;
	if (notes === null || notes.length <= NOTES_SHOWN) return noted;
	// Must not split a surrogate pair.
	const short = notes.slice(0, NOTES_SHOWN).replace(/[\uD800-\uDBFF]$/, "");
	return { ...noted, notes: `${short}…`, notes_shortened: true };
}
