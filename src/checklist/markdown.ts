import MarkdownIt from "markdown-it";
import { followHiding } from "./hidden-html.ts";
import { readRunningText, type TextLine } from "./running-text.ts";
import { skipWideTable } from "./wide-table.ts";

/** What a report can say something with. Code, quotes, comments, HTML and what HTML hides are not among it. */
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

/** Nesting of lists and quotes at which the parser stops. */
const readableDepth = 100;

const parser = new MarkdownIt({ html: true });
// Running text is parsed one piece at a time by readRunningText, so that its length can be limited.
parser.core.ruler.disable(["inline", "linkify", "text_join"], true);
// Of a report's many addresses few are read, and only those are normalized.
parser.normalizeLink = (address) => address;
// The parser remembers where tokens end in a sparse object, which is slow for a long text with many open brackets.
parser.inline.State = class extends parser.inline.State {
	override cache: number[] = new Array(this.src.length);
};

parser.block.ruler.before("table", "wide_table", skipWideTable);

const byteOrderMark = /^\uFEFF/;

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
		readRunningText(parser, document, environment, content, line);
	let indent = 0;
	let line = 1;
	let header: string[] = [];
	let cells: TextLine[][] = [];
	let heading = 0;
	const hiding: string[] = [];
	let quotes = 0;
	let quoteNoted = false;
	const add = (block: Block) => {
		if (quotes === 0 && hiding.length === 0) document.blocks.push(block);
		else if (block.type !== "text" && !quoteNoted) {
			quoteNoted = true;
			const text = quotes > 0 ? "inside a quote" : "hidden by HTML";
			document.unread.push({ text, line });
		}
	};
	for (const token of parser.parse(
		source.replace(byteOrderMark, ""),
		environment,
	)) {
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
			case "blockquote_open":
			case "blockquote_close":
				quotes += token.nesting;
				if (quotes === 0) quoteNoted = false;
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
			case "tr_close": {
				const texts = cells.map(joinLines);
				const links = cells.flat().flatMap((one) => one.links);
				add({ type: "row", cells: texts, links, header, line });
				if (header.length === 0) header = texts;
				break;
			}
			case "inline":
				if (token.level > 0 && token.map === null)
					cells.push(read(token.content, line));
				else if (heading > 0)
					add({
						type: "heading",
						depth: heading,
						text: joinLines(read(token.content, line)),
						line,
					});
				else
					add({
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
				followHiding(hiding, token.content);
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

/** A text with its HTML entities, such as `&#65;`, and backslash escapes turned into the characters that they stand for. */
export function decodeEntities(text: string): string {
	return /[&\\]/.test(text) ? parser.utils.unescapeAll(text) : text;
}

function joinLines(lines: TextLine[]): string {
	const [first] = lines;
	if (first && lines.length === 1) return first.text.trim();
	return lines
		.map(({ text }) => text)
		.join(" ")
		.trim();
}
