import { html } from "hono/html";
import type { Html } from "../page.ts";

/**
 * Renders links from a page of a list to its first page and to the next one.
 *
 * @param urlOf returns the address of the page after a row, or of the first
 *   page
 * @param after the row that this page follows; absent on the first page
 * @param last the last row of this page; absent if no more rows follow
 * @param toFirst the text of the link to the first page
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
