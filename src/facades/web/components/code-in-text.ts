import { html } from "hono/html";
import type { Html } from "../page.ts";

/** Renders a sentence of our own, with text between backticks as code. */
export function codeInText(text: string): Html {
	const parts = text.split(/`([^`]+)`/);
	return html`${parts.map((part, index) =>
		index % 2 === 1 ? html`<code>${part}</code>` : part,
	)}`;
}

/** Renders such a text as paragraphs, which are separated by blank lines. */
export function paragraphs(text: string): Html {
	return html`${text.split(/\n{2,}/).map((one) => html`<p>${codeInText(one)}</p>`)}`;
}
