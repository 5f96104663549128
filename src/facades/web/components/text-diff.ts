import { html } from "hono/html";
import { compareTexts, type DiffBlock, type DiffPart } from "../diff.ts";
import type { Html } from "../page.ts";
import { countOf, foreignText } from "./text.ts";

/** Unchanged lines shown on either side of a change. */
const CONTEXT = 2;

/**
 * Renders two texts as one, with changes marked word by word and a little
 * context.
 *
 * @returns markup
 */
export function textDiff(before: string, after: string): string {
	return String(markUp(compareTexts(before, after)));
}

function markUp(blocks: DiffBlock[]): Html {
	if (!blocks.some(({ type }) => type === "changed")) {
		return html`<p class="calm">The two texts are the same.</p>`;
	}
	return html`<div class="diff">${blocks.map((block, index) =>
		block.type === "changed"
			? html`<div class="change">${block.parts.map(diffPart)}</div>`
			: sameLines(block.lines, index > 0, index < blocks.length - 1),
	)}</div>`;
}

function diffPart({ text, kind }: DiffPart): Html {
	if (kind === "removed") {
		return html`<del><span class="hide">removed: </span>${foreignText(text)}</del>`;
	}
	if (kind === "added") {
		return html`<ins><span class="hide">added: </span>${foreignText(text)}</ins>`;
	}
	return foreignText(text);
}

function sameLines(
	lines: string[],
	hasBefore: boolean,
	hasAfter: boolean,
): Html {
	const head = hasBefore ? lines.slice(0, CONTEXT) : [];
	const tail = hasAfter
		? lines.slice(Math.max(head.length, lines.length - CONTEXT))
		: [];
	const left = lines.length - head.length - tail.length;
	return html`<div class="same">${foreignText(head.join("\n"))}</div>${
		left > 0 ? html`<p class="gap">${countOf(left, "unchanged line")}</p>` : ""
	}<div class="same">${foreignText(tail.join("\n"))}</div>`;
}
