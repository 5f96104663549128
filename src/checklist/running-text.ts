import type Token from "markdown-it/lib/token.mjs";
import { normalizeAddress } from "./address.ts";
import { followHiding } from "./hidden-html.ts";
import type { Markdown } from "./markdown.ts";
import { parser } from "./markdown-parser.ts";
import type { Piece } from "./split-markdown.ts";

/** One line of running text, without its markup, and the addresses that it links to as they stand. */
export type TextLine = { text: string; line: number; links: string[] };

/** Characters of a paragraph or cell that is read. */
export const readableLength = 16_384;

/** Opening brackets of a paragraph or cell that is read: the parser looks for the end of each. */
const readableBrackets = 200;

/** Characters without which a text has no markup. */
const markup = /[\\`*_~[\]<&]/;
const struckOut = /(?<![~\w/])~(?=[^\s~/])[^~\n]{0,200}[^\s~]~(?![~\w])/g;
const noLinks: string[] = [];
/** A tag that only breaks the line. */
const lineBreak = /^<br\s*\/?>$/i;

/**
 * Reads the running text of one paragraph, heading or cell, and notes its images and HTML in the document.
 * @param environment The parser's own, with the document's link definitions.
 * @param piece The text and the line at which it begins.
 * @returns Its lines without markup; none where the text is too much to be read.
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
		// Cut in the middle, a comment would turn into a claim, and a status could lose its "not".
		document.unread.push({ text: tooMuch, line });
		return [];
	}
	if (!markup.test(content)) return splitLines(content, line);
	const tokens: Token[] = [];
	parser.inline.parse(content, parser, environment, tokens);
	return collectLines(document, tokens, line);
}

function findExcess(content: string): string | undefined {
	if (content.length > readableLength)
		return `longer than ${readableLength.toLocaleString("en")} characters`;
	if (
		content.length > readableBrackets &&
		content.split("[", readableBrackets + 2).length > readableBrackets + 1
	)
		return `full of more than ${readableBrackets} brackets`;
	return undefined;
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
	let struck = 0;
	const hiding: string[] = [];
	const startLine = (line: number) => {
		current = { text: "", line, links: [] };
		lines.push(current);
	};
	for (const token of tokens) {
		const { line } = current;
		switch (token.type) {
			case "softbreak":
			case "hardbreak":
				startLine(line + 1);
				break;
			case "s_open":
			case "s_close":
				struck += token.nesting;
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
				followHiding(hiding, token.content);
				if (lineBreak.test(token.content)) startLine(line);
				else document.html.push({ text: token.content, line });
				break;
			default:
				if (struck === 0 && hiding.length === 0) current.text += token.content;
		}
	}
	// GitHub strikes out text between single tildes, too.
	for (const one of lines)
		if (one.text.includes("~")) one.text = one.text.replace(struckOut, "");
	return lines;
}
