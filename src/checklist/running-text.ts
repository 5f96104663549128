import type Token from "markdown-it/lib/token.mjs";
import { normalizeAddress } from "./address.ts";
import type { Markdown } from "./markdown.ts";
import {
	findExcess,
	followStruckOut,
	parseRunningText,
} from "./parse-running-text.ts";
import type { Piece } from "./split-markdown.ts";

/** One line of running text, without its markup, and the addresses linked in it, unchanged. */
export type TextLine = { text: string; line: number; links: string[] };

/** A text without any of these characters has no markup. */
const markup = /[\\`*_~[\]<&]/;
const noLinks: string[] = [];
/** A tag that only breaks the line. */
const lineBreak = /^<br\s*\/?>$/i;

/**
 * Reads the running text of one paragraph, heading or cell, and adds its images and HTML to the document.
 *
 * @param environment The parser's own, with the document's link definitions.
 * @param piece The text and the line at which it begins.
 * @returns Its lines without markup; none if the text is too long or complex.
 */
export function readRunningText(
	document: Markdown,
	environment: object,
	piece: Piece,
): TextLine[] {
	const { text: content, line } = piece;
	if (content !== "") document.texts.push(piece);
	const tooMuch = findExcess(content);
	if (tooMuch) {
		// Cut in the middle, a comment would become a claim, and a status could lose its "not".
		document.unread.push({ text: tooMuch, line });
		return [];
	}
	if (!markup.test(content)) return splitLines(content, line);
	return collectLines(document, parseRunningText(content, environment), line);
}

function splitLines(content: string, line: number): TextLine[] {
	if (!content.includes("\n")) return [{ text: content, line, links: noLinks }];
	return content
		.split("\n")
		.map((text, index) => ({ text, line: line + index, links: noLinks }));
}

function collectLines(
	document: Markdown,
	tokens: Token[],
	firstLine: number,
): TextLine[] {
	let current: TextLine = { text: "", line: firstLine, links: [] };
	const lines = [current];
	const startLine = (line: number) => {
		current = { text: "", line, links: [] };
		lines.push(current);
	};
	followStruckOut(tokens, (token, isStruck) => {
		const { line } = current;
		switch (token.type) {
			case "softbreak":
			case "hardbreak":
				startLine(line + 1);
				break;
			case "link_open":
				current.links.push(token.attrGet("href") ?? "");
				break;
			case "image":
				document.images.push({
					text: normalizeAddress(token.attrGet("src") ?? ""),
					line,
				});
				break;
			case "html_inline":
				if (lineBreak.test(token.content)) startLine(line);
				else document.html.push({ text: token.content, line });
				break;
			default:
				if (!isStruck) current.text += token.content;
		}
	});
	for (const one of lines) one.text = makeFlat(one.text);
	return lines;
}

/**
 * Returns the same text. The engine keeps a concatenated string as a tree of its parts, which is many times as large,
 * until somebody reads it; a report's texts are all created before the first is read.
 */
function makeFlat(text: string): string {
	// CommonMark has no NUL, so nothing is replaced; the test itself flattens the tree.
	return text.includes("\0") ? text.replaceAll("\0", "\uFFFD") : text;
}
