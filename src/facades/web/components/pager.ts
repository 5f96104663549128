import { html } from "hono/html";
import type { Html } from "../page.ts";

/**
 * Leads from a page of a list to its first page and to the next one.
 *
 * @param urlOf the address of the page that follows a row, or of the first one
 * @param after the row that this page follows; nothing if it is the first page
 * @param last the last row of this page; nothing if there are no more after it
 * @param toFirst what the way back is called
 */
export function pager(
	urlOf: (after: string | undefined) => string,
	after: string | undefined,
	last: string | undefined,
	toFirst = "To the start",
): Html | string {
	if (!after && !last) return "";
	return html`<nav class="steps" aria-label="Pages">
${after ? html`<a href="${urlOf(undefined)}">${toFirst}</a>` : ""}
${last ? html`<a rel="next" href="${urlOf(last)}">Next page ›</a>` : ""}
</nav>`;
}
