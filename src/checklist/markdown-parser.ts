import MarkdownIt from "markdown-it";
import { BlockState, type Environment } from "./block-state.ts";
import { skipWideTable } from "./wide-table.ts";

/** CommonMark with tables and struck-out text. */
export const parser = new MarkdownIt({ html: true });
// Of a report's many addresses few are read, and only those are normalized.
parser.normalizeLink = (address) => address;
// The parser remembers where tokens end in a sparse object, which is slow for a long text with many open brackets.
parser.inline.State = class extends parser.inline.State {
	override cache: number[] = new Array(this.src.length);
};

parser.block.ruler.before("table", "wide_table", skipWideTable);

/**
 * Parses the blocks of a text, and hands over one token after the other. The running text in them is left as it
 * stands, since a link may be defined after it.
 * @param source Markdown with line feeds at the ends of its lines.
 */
export function parseBlocks(source: string, environment: Environment): void {
	const text = source.replaceAll("\0", "\uFFFD");
	const state = new BlockState(text, parser, environment, []);
	parser.block.tokenize(state, 0, state.lineMax);
	state.handOver();
}

/** A text with its HTML entities, such as `&#65;`, and backslash escapes turned into the characters that they stand for. */
export function decodeEntities(text: string): string {
	return /[&\\]/.test(text) ? parser.utils.unescapeAll(text) : text;
}
