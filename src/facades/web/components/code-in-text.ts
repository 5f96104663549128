import { html } from "hono/html";
import type { Html } from "../page.ts";

/** A sentence of our own, in which what stands between backticks is code. */
export function codeInText(text: string): Html {
	const parts = text.split(/`([^`]+)`/);
	return html`${parts.map((part, index) =>
		index % 2 === 1 ? html`<code>${part}</code>` : part,
	)}`;
}

/** The same for paragraphs, which blank lines part. */
export function paragraphs(text: string): Html {
	return html`${text.split(/\n{2,}/).map((one) => html`<p>${codeInText(one)}</p>`)}`;
}
