import { html } from "hono/html";
import type { Html } from "../page.ts";
import { foreignText } from "./text.ts";

/** Lines that get an anchor of their own; beyond them, one for all. */
const MAX_LINES = 20_000;

/** A text exactly as it was sent, with an anchor at every line. */
export function rawText(text: string): Html {
	const lines = text.split(/\r\n|\r|\n/);
	const numbered = lines.slice(0, MAX_LINES);
	const rest = lines.slice(MAX_LINES);
	return html`<pre class="raw"><code>${numbered.map(
		(line, index) =>
			html`<span id="line-${index + 1}" class="raw-line">${foreignText(line)}
</span>`,
	)}${foreignText(rest.join("\n"))}</code></pre>`;
}
