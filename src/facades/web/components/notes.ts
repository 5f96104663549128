import { html } from "hono/html";
import type { Notes } from "../../../features/decisions/history-limits.ts";
import type { Html } from "../page.ts";
import { foreignText } from "./text.ts";

/**
 * Renders somebody's notes among others: long notes say that they are
 * shortened.
 *
 * @param whole whether they are shown in full
 * @param by the author, if not named beside the notes
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

/** Returns only the notes of a decision or an approval. */
export function notesOf({ notes, notes_shortened }: Notes): Notes {
	return notes_shortened ? { notes, notes_shortened } : { notes };
}
