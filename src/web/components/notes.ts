import { html } from "hono/html";
import { NOTES_SHOWN } from "../../decisions/history-limits.ts";
import type { Approval } from "../../decisions/schema.ts";
import type { Html } from "../page.ts";
import { foreignText } from "./text.ts";

/** Notes as they are kept, or the beginning of them. */
export type Notes = Pick<Approval, "notes" | "notes_shortened">;

/**
 * What somebody wrote, as it is shown among others: long notes say that they
 * are shortened.
 *
 * @param whole where they are read whole
 * @param by who, where that is not said beside it
 */
export function notesQuote(
	{ notes, notes_shortened }: Notes,
	whole: string,
	by?: string,
): Html | string {
	if (!notes) return "";
	const more = notes_shortened
		? html` <small><a href="${whole}">Shortened: read all</a></small>`
		: "";
	const whose = by
		? html`<strong>${foreignText(by)}</strong>
`
		: "";
	return html`<blockquote class="notes">${whose}${foreignText(notes)}${more}</blockquote>`;
}

/** Of a decision or an approval its notes alone. */
export function notesOf({ notes, notes_shortened }: Notes): Notes {
	return notes_shortened ? { notes, notes_shortened } : { notes };
}

/** Whole notes as a history has them. */
export function shortenNotes<Noted extends Notes>(noted: Noted): Noted {
	const { notes } = noted;
	if (notes === null || notes.length <= NOTES_SHOWN) return noted;
	// Not within a pair of surrogates.
	const short = notes.slice(0, NOTES_SHOWN).replace(/[\uD800-\uDBFF]$/, "");
	return { ...noted, notes: `${short}…`, notes_shortened: true };
}
