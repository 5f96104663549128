import MarkdownIt from "markdown-it";
import type Token from "markdown-it/lib/token.mjs";
import { BlockState } from "./block-state.ts";
import { readableDepth, stopNesting } from "./deep-nesting.ts";
import { keepDefinitions } from "./definitions.ts";
import { followHiding } from "./hidden-html.ts";
import { noteSingleTilde, pairSingleTildes } from "./struck-out.ts";
import { skipWideTable } from "./wide-table.ts";

/** CommonMark with tables and struck-out text. */
export const parser = new MarkdownIt({ html: true });
// Only a few of a report's many addresses are read, and only those are normalized.
parser.normalizeLink = (address) => address;
// The parser stores the ends of tokens in a sparse object, which is slow for a long text with many open brackets.
parser.inline.State = class extends parser.inline.State {
	override cache: number[] = new Array(this.src.length);
};
parser.inline.ruler.before("strikethrough", "single_tilde", noteSingleTilde);
parser.inline.ruler2.after("strikethrough", "single_tilde", pairSingleTildes);

const findDefinition = parser.block.ruler
	.getRules("")
	.find(({ name }) => name === "reference");
if (!findDefinition) throw new Error("The parser has no rule for definitions");
parser.block.ruler.at("reference", keepDefinitions(findDefinition));
parser.block.ruler.before("table", "wide_table", skipWideTable);
parser.block.ruler.before("wide_table", "too_deep", stopNesting);
// Beyond its own limit the parser silently drops text, so ours must apply first.
Object.assign(parser.options, { maxNesting: readableDepth + 10 });

const byteOrderMark = /^\uFEFF/;

/** Reads a token; `isHidden` is whether HTML hides it from readers in a browser. */
export type BlockReader = (token: Token, isHidden: boolean) => void;

/**
 * Parses the blocks of a text, and passes on one token after the other. The running text in them stays unparsed,
 * since a link may be defined after it.
 *
 * @param source Markdown with line feeds at the ends of its lines.
 * @param environment Where the parser stores the text's link definitions.
 * @param isWhole Whether tokens that only mark where paragraphs, items and cells begin and end are passed on, too.
 */
export function parseBlocks(
	source: string,
	environment: object,
	read: BlockReader,
	isWhole = false,
): void {
	const text = source.replace(byteOrderMark, "").replaceAll("\0", "\uFFFD");
	const hiding: string[] = [];
	const readToken = (token: Token) => {
		if (token.type === "html_block") followHiding(hiding, token.content);
		read(token, hiding.length > 0);
	};
	const state = new BlockState(text, parser, environment, readToken, isWhole);
	parser.block.tokenize(state, 0, state.lineMax);
	state.handOver();
}

/**
 * Returns a text with its HTML entities, such as `&#65;`, and backslash escapes replaced by the characters they stand
 * for.
 */
export function decodeEntities(text: string): string {
	return /[&\\]/.test(text) ? parser.utils.unescapeAll(text) : text;
}
