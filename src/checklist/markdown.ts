import MarkdownIt from "markdown-it";
import type StateBlock from "markdown-it/lib/rules_block/state_block.mjs";
import type Token from "markdown-it/lib/token.mjs";

/** One line of running text, without its markup, and the addresses that it links to. */
export type TextLine = { text: string; line: number; links: string[] };

/** What a report can say something with. Code, comments and HTML are not among it. */
export type Block =
	| { type: "heading"; depth: number; text: string; line: number }
	| { type: "text"; indent: number; lines: TextLine[] }
	| {
			type: "row";
			cells: string[];
			links: string[];
			/** The head of the table; empty for the head itself. */
			header: string[];
			line: number;
	  };

/** A piece of a report at a line, counted from 1. */
export type Piece = { text: string; line: number };

/** A report, read as Markdown. */
export type Markdown = {
	blocks: Block[];
	/** Everything a model would see when it is given the report, code and comments included. */
	texts: Piece[];
	/** Addresses of images. */
	images: Piece[];
	/** HTML tags and comments. */
	html: Piece[];
	/** What was too long or too deep to be read, and why. */
	unread: Piece[];
};

/** Characters of a paragraph or cell that is read. */
export const readableLength = 16_384;

/** Opening brackets of a paragraph or cell that is read: the parser looks for the end of each. */
const readableBrackets = 200;

/** Nesting of lists and quotes at which the parser stops. */
const readableDepth = 100;

const parser = new MarkdownIt({ html: true });
// Running text is parsed one piece at a time by readInline, so that its length can be limited.
parser.core.ruler.disable(["inline", "linkify", "text_join"], true);

/** Columns of a table that is read; the parser fills short rows up to the width of the head, however wide it is. */
const readableColumns = 64;
parser.block.ruler.before("table", "wide_table", skipWideTable);

/** Characters without which a text has no markup. */
const markup = /[\\`*_~[\]<&]/;
/** A tag that only breaks the line. */
const lineBreak = /^<br\s*\/?>$/i;

/**
 * Reads Markdown (CommonMark with tables and struck-out text). Never throws.
 * @param source Markdown with any line endings.
 * @returns Headings, lines of text and table rows in order, with their lines counted from 1.
 */
export function readMarkdown(source: string): Markdown {
	const document: Markdown = {
		blocks: [],
		texts: [],
		images: [],
		html: [],
		unread: [],
	};
	const environment: object = {};
	const read = (content: string, line: number) =>
		readInline(document, environment, content, line);
	let indent = 0;
	let line = 1;
	let header: string[] = [];
	let cells: TextLine[][] = [];
	let heading = 0;
	for (const token of parser.parse(source, environment)) {
		if (token.map) line = token.map[0] + 1;
		if (token.level >= readableDepth - 1)
			document.unread.push({ text: "nested too deeply", line });
		switch (token.type) {
			case "bullet_list_open":
			case "ordered_list_open":
			case "bullet_list_close":
			case "ordered_list_close":
				indent += token.nesting;
				break;
			case "heading_open":
				heading = Number(token.tag.slice(1));
				break;
			case "heading_close":
				heading = 0;
				break;
			case "thead_open":
				header = [];
				break;
			case "tr_open":
				cells = [];
				break;
			case "tr_close":
				document.blocks.push({
					type: "row",
					cells: cells.map(joinLines),
					links: cells.flat().flatMap(({ links }) => links),
					header,
					line,
				});
				if (header.length === 0) header = cells.map(joinLines);
				break;
			case "inline":
				if (token.level > 0 && token.map === null)
					cells.push(read(token.content, line));
				else if (heading > 0)
					document.blocks.push({
						type: "heading",
						depth: heading,
						text: joinLines(read(token.content, line)),
						line,
					});
				else
					document.blocks.push({
						type: "text",
						indent,
						lines: read(token.content, line),
					});
				break;
			case "wide_table":
				document.unread.push({ text: "a table too wide", line });
				document.texts.push({ text: token.content, line });
				break;
			case "html_block":
				document.html.push({ text: token.content, line });
				document.texts.push({ text: token.content, line });
				break;
			case "fence":
			case "code_block":
				document.texts.push({ text: `${token.info} ${token.content}`, line });
				break;
		}
	}
	return document;
}

/** Takes a table with too many columns out of the text, up to the next empty line. */
function skipWideTable(
	state: StateBlock,
	startLine: number,
	endLine: number,
	silent: boolean,
): boolean {
	const delimiters = readSourceLine(state, startLine + 1, endLine);
	const isWide =
		/^[|:\- \t]+$/.test(delimiters) &&
		delimiters.split("|", readableColumns + 3).length > readableColumns + 2;
	if (!isWide || silent) return isWide;
	let line = startLine;
	while (line < endLine && !state.isEmpty(line)) line += 1;
	const token = state.push("wide_table", "", 0);
	token.map = [startLine, line];
	token.content = state.getLines(startLine, line, state.blkIndent, false);
	state.line = line;
	return true;
}

function readSourceLine(
	state: StateBlock,
	line: number,
	endLine: number,
): string {
	if (line >= endLine) return "";
	const start = (state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0);
	return state.src.slice(start, state.eMarks[line]);
}

function joinLines(lines: TextLine[]): string {
	return lines
		.map(({ text }) => text)
		.join(" ")
		.trim();
}

function readInline(
	document: Markdown,
	environment: object,
	content: string,
	line: number,
): TextLine[] {
	if (content !== "") document.texts.push({ text: content, line });
	const tooMuch = findExcess(content);
	if (tooMuch) {
		// Cut in the middle, a comment would turn into a claim, and a status could lose its "not".
		document.unread.push({ text: tooMuch, line });
		return [];
	}
	if (!markup.test(content))
		return content
			.split("\n")
			.map((text, index) => ({ text, line: line + index, links: [] }));
	const tokens: Token[] = [];
	parser.inline.parse(content, parser, environment, tokens);
	return collectLines(document, tokens, line);
}

function findExcess(content: string): string | undefined {
	if (content.length > readableLength)
		return `longer than ${readableLength.toLocaleString("en")} characters`;
	if (content.split("[", readableBrackets + 2).length > readableBrackets + 1)
		return `full of more than ${readableBrackets} brackets`;
	return undefined;
}

function collectLines(
	document: Markdown,
	tokens: Token[],
	firstLine: number,
): TextLine[] {
	let current: TextLine = { text: "", line: firstLine, links: [] };
	const lines = [current];
	let struck = 0;
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
				current.links.push(String(token.attrGet("href") ?? ""));
				break;
			case "image":
				document.images.push({
					text: String(token.attrGet("src") ?? ""),
					line,
				});
				break;
			case "html_inline":
				if (lineBreak.test(token.content)) startLine(line);
				else document.html.push({ text: token.content, line });
				break;
			default:
				if (struck === 0) current.text += token.content;
		}
	}
	return lines;
}
