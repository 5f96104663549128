import type Token from "markdown-it/lib/token.mjs";
import { parseBlocks } from "./markdown-parser.ts";
import { unread } from "./unread.ts";

/** A piece of a report at a line, counted from 1. */
export type Piece = { text: string; line: number };

/**
 * A block of a report with unparsed running text. `seen` is whether readers see it: no quote and no HTML takes it
 * away.
 */
export type Part = Piece &
	(
		| { type: "heading"; depth: number; seen: boolean }
		| { type: "text"; indent: number; seen: boolean }
		/** Ends the row of the cells before it. */
		| { type: "row"; isHead: boolean; seen: boolean }
		| { type: "cell" | "html" | "code" | "unread" }
	);

/**
 * Splits a report into its blocks, in order. Never throws.
 *
 * @param source Markdown with line feeds at the ends of its lines.
 * @param environment Where the parser stores the report's link definitions.
 */
export function splitMarkdown(source: string, environment: object): Part[] {
	const parts: Part[] = [];
	let indent = 0;
	let line = 1;
	let isHead = false;
	let depth = 0;
	let isHidden = false;
	let quotes = 0;
	let hiddenNoted = false;
	const isSeen = () => quotes === 0 && !isHidden;
	const add = (part: Part) => parts.push(part);
	const noteHidden = () => {
		if (isSeen() || hiddenNoted) return;
		hiddenNoted = true;
		const text = quotes > 0 ? "inside a quote" : unread.hidden;
		add({ type: "unread", text, line });
	};
	const read = (token: Token, isTokenHidden: boolean) => {
		isHidden = isTokenHidden;
		if (token.map) line = token.map[0] + 1;
		const { content: text } = token;
		switch (token.type) {
			case "bullet_list_open":
			case "ordered_list_open":
			case "bullet_list_close":
			case "ordered_list_close":
				indent += token.nesting;
				break;
			case "blockquote_open":
			case "blockquote_close":
				quotes += token.nesting;
				if (quotes === 0) hiddenNoted = false;
				break;
			case "heading_open":
				depth = Number(token.tag.slice(1));
				break;
			case "heading_close":
				depth = 0;
				break;
			case "thead_open":
				isHead = true;
				break;
			case "tr_close":
				add({ type: "row", text: "", isHead, line, seen: isSeen() });
				isHead = false;
				noteHidden();
				break;
			case "inline":
				if (token.level > 0 && token.map === null)
					add({ type: "cell", text, line });
				else if (depth > 0) {
					add({ type: "heading", depth, text, line, seen: isSeen() });
					noteHidden();
				} else add({ type: "text", indent, text, line, seen: isSeen() });
				break;
			case "wide_table":
				add({ type: "unread", text: unread.tooWide, line });
				add({ type: "code", text, line });
				break;
			case "too_deep":
				add({ type: "unread", text: unread.tooDeep, line });
				break;
			case "html_block":
				add({ type: "html", text, line });
				break;
			case "fence":
			case "code_block":
				add({ type: "code", text: `${token.info} ${text}`, line });
				break;
		}
	};
	parseBlocks(source, environment, read);
	return parts;
}
