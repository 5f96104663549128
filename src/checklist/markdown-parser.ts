import MarkdownIt from "markdown-it";
import Token, { type Nesting } from "markdown-it/lib/token.mjs";
import { skipWideTable } from "./wide-table.ts";

/** The parser's own notes on one report, its link definitions among them, and who reads its tokens. */
export type Environment = { read: (token: Token) => void };

/** Nesting of lists and quotes at which the parser stops. */
export const readableDepth = 100;

/** Tokens of which nothing is read but how deep they are. */
const unused = new Set(
	"paragraph_open paragraph_close list_item_open list_item_close table_open table_close thead_close tbody_open tbody_close th_open th_close td_open td_close hr".split(
		" ",
	),
);
const unusedToken = new Token("", "", 0);

/** CommonMark with tables and struck-out text. */
export const parser = new MarkdownIt({ html: true });
// Of a report's many addresses few are read, and only those are normalized.
parser.normalizeLink = (address) => address;
// The parser remembers where tokens end in a sparse object, which is slow for a long text with many open brackets.
parser.inline.State = class extends parser.inline.State {
	override cache: number[] = new Array(this.src.length);
};

parser.block.ruler.before("table", "wide_table", skipWideTable);
// Tokens are large, and a report may have a million of them: one at a time is kept.
parser.block.State = class extends parser.block.State {
	override push(type: string, tag: string, nesting: Nesting): Token {
		if (unused.has(type) && this.level < readableDepth - 1) {
			this.level += nesting;
			return unusedToken;
		}
		handOver(this.env, this.tokens);
		return super.push(type, tag, nesting);
	}

	/** Most blocks are one line, which needs no list of lines. */
	override getLines(
		begin: number,
		end: number,
		indent: number,
		keepLastLF: boolean,
	): string {
		if (end - begin === 1 && indent === 0 && !keepLastLF)
			return this.src.slice(this.bMarks[begin], this.eMarks[begin]);
		return super.getLines(begin, end, indent, keepLastLF);
	}
};

/**
 * Parses the blocks of a text, and hands over one token after the other. The running text in them is left as it
 * stands, since a link may be defined after it.
 * @param source Markdown with line feeds at the ends of its lines.
 */
export function parseBlocks(source: string, environment: Environment): void {
	const tokens: Token[] = [];
	const text = source.replaceAll("\0", "\uFFFD");
	parser.block.parse(text, parser, environment, tokens);
	handOver(environment, tokens);
}

/** A text with its HTML entities, such as `&#65;`, and backslash escapes turned into the characters that they stand for. */
export function decodeEntities(text: string): string {
	return /[&\\]/.test(text) ? parser.utils.unescapeAll(text) : text;
}

/** A rule is done with its token when the next one begins. */
function handOver({ read }: Environment, tokens: Token[]): void {
	const token = tokens.pop();
	if (token) read(token);
}
