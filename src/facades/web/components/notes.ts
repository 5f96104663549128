import { html } from "hono/html";
import type { Notes } from "../../../features/decisions/history-limits.ts";
import type { Html } from "../page.ts";
import { foreignText } from "./text.ts";

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
