import type Token from "markdown-it/lib/token.mjs";
import { followHiding } from "./hidden-html.ts";
import { parser } from "./markdown-parser.ts";
import { unread } from "./unread.ts";

/** Maximum length of a paragraph or cell that is read, in characters. */
export const readableLength = 16_384;

/**
 * Maximum number of opening brackets in a paragraph or cell that is read: the parser looks for the end of each.
 */
const readableBrackets = 200;

/** Returns why a paragraph, heading or cell is too long or complex to be read; undefined if it is not. */
export function findExcess(content: string): string | undefined {
	if (content.length > readableLength) return unread.tooLong(readableLength);
	if (
		content.length > readableBrackets &&
		content.split("[", readableBrackets + 2).length > readableBrackets + 1
	)
		return unread.tooManyBrackets(readableBrackets);
	return undefined;
}

/**
 * Parses the running text of one paragraph, heading or cell.
 *
 * @param content A text that is not too long or complex.
 * @param environment The parser's own, with the link definitions of the whole report.
 */
export function parseRunningText(
	content: string,
	environment: object,
): Token[] {
	const tokens: Token[] = [];
	parser.inline.parse(content, parser, environment, tokens);
	return tokens;
}

/**
 * Goes through the tokens of a running text.
 *
 * @param read Receives each token, and whether its text is struck out, or hidden by the HTML around it: such text
 *   answers nothing.
 */
export function followStruckOut(
	tokens: Token[],
	read: (token: Token, isStruck: boolean) => void,
): void {
	let struck = 0;
	const hiding: string[] = [];
	for (const token of tokens) {
		const { type } = token;
		if (type === "s_open" || type === "s_close") struck += token.nesting;
		else if (type === "html_inline") followHiding(hiding, token.content);
		read(token, struck > 0 || hiding.length > 0);
	}
}
