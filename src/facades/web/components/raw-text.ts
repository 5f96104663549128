import { setImmediate as nextTurn } from "node:timers/promises";
import { html, raw } from "hono/html";
import type { Html } from "../page.ts";
import { foreignPart, hiddenParts } from "./text.ts";

/** Number of lines that get their own anchor; all lines after them share one. */
const MAX_LINES = 20_000;

/**
 * Pieces of markup made before other requests get their turn, and the number of
 * characters that count as one.
 */
const TURN = 2_000;
const PIECE = 64;

/** Characters escaped at once: text full of characters to escape takes many times as long as plain letters. */
const ESCAPED = 8 * 1024;

/**
 * Renders a text exactly as it was sent, with an anchor at every line. It is
 * shown where nothing else can be. While a large text is being written, other
 * requests are answered.
 */
export async function rawText(text: string): Promise<Html> {
	let written = "";
	let pieces = ['<pre class="raw"><code>'];
	let left = TURN;
	const write = async (markup: Html | string) => {
		const piece = String(markup);
		pieces.push(piece);
		left -= 1 + piece.length / PIECE;
		if (left > 0) return;
		written += pieces.join("");
		pieces = [];
		left = TURN;
		await nextTurn();
	};
	const writeText = async (text: string) => {
		await write("<bdi>");
		for (const { text: part, isHidden } of hiddenParts(text)) {
			for (let start = 0; start < part.length; start += ESCAPED) {
				const piece = part.slice(start, start + ESCAPED);
				await write(foreignPart({ text: piece, isHidden }));
			}
		}
		await write("</bdi>");
	};
	let line = 1;
	let start = 0;
	for (const { 0: end, index } of text.matchAll(/\r\n|\r|\n/g)) {
		if (line > MAX_LINES) break;
		await write(html`<span id="line-${line}" class="raw-line">`);
		await writeText(text.slice(start, index));
		await write("\n</span>");
		line += 1;
		start = index + end.length;
	}
	if (line <= MAX_LINES) {
		await write(html`<span id="line-${line}" class="raw-line">`);
		await writeText(text.slice(start));
		await write("\n</span>");
	} else await writeText(text.slice(start));
	return raw(`${written}${pieces.join("")}</code></pre>`);
}
