import { readRunningText, type TextLine } from "./running-text.ts";
import { type Piece, splitMarkdown } from "./split-markdown.ts";

/** The parts of a report that can state something: not code, quotes, comments, HTML or what HTML hides. */
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

/** A report, read as Markdown. */
export type Markdown = {
	blocks: Block[];
	/** Everything a model would see in the report, including code and comments. */
	texts: Piece[];
	/** Addresses of images. */
	images: Piece[];
	/** HTML tags and comments. */
	html: Piece[];
	/** What was too long or too deeply nested to be read, and why. */
	unread: Piece[];
};

/**
 * Reads Markdown (CommonMark with tables and struck-out text). Never throws.
 *
 * @param source Markdown with line feeds at the ends of its lines.
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
	const { blocks, texts } = document;
	const environment = {};
	const read = (piece: Piece) => readRunningText(document, environment, piece);
	let header: string[] = [];
	let cells: TextLine[][] = [];
	for (const part of splitMarkdown(source, environment)) {
		const { type, line } = part;
		switch (type) {
			case "heading": {
				const { depth, seen } = part;
				const heading = joinLines(read(part));
				if (seen) blocks.push({ type, depth, text: heading, line });
				break;
			}
			case "text": {
				const { indent, seen } = part;
				const lines = read(part);
				if (seen) blocks.push({ type, indent, lines });
				break;
			}
			case "cell":
				cells.push(read(part));
				break;
			case "row": {
				if (part.isHead) header = [];
				const row = cells.map(joinLines);
				const links = cells.flatMap(listLinks);
				if (part.seen) blocks.push({ type, cells: row, links, header, line });
				if (part.isHead) header = row;
				cells = [];
				break;
			}
			case "unread":
				document.unread.push(part);
				break;
			case "html":
				document.html.push(part);
				texts.push(part);
				break;
			case "code":
				texts.push(part);
		}
	}
	return document;
}

function joinLines(lines: TextLine[]): string {
	const [first] = lines;
	if (first && lines.length === 1) return first.text.trim();
	return lines
		.map(({ text }) => text)
		.join(" ")
		.trim();
}

function listLinks(lines: TextLine[]): string[] {
	const [first] = lines;
	if (first && lines.length === 1) return first.links;
	return lines.flatMap(({ links }) => links);
}
