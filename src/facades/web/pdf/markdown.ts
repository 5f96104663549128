import type { Content, TableCell } from "pdfmake/interfaces.js";
import type {
	DocumentBlock,
	DocumentList,
	DocumentTable,
} from "../../../checklist/document.ts";
import { readDocument } from "../../../checklist/read-document.ts";
import { toSource } from "../../../checklist/source.ts";
import { notRead, unread } from "../../../checklist/unread.ts";
import { breakWords } from "./break-words.ts";
import { printable } from "./printable.ts";
import { type Run, runsOfCell, runsOfText } from "./running-text.ts";

/** Number of table columns typeset side by side; further ones share the last column. */
const MAX_COLUMNS = 8;

/**
 * Returns a report's Markdown as content of a PDF, with the parser that also
 * assesses it: only text, nothing is loaded.
 */
export function typesetMarkdown(source: string): Content[] {
	const { blocks, environment } = readDocument(toSource(source));
	return new Typesetter(environment).blocks(blocks);
}

class Typesetter {
	private environment: object;

	/** @param environment the parser's own, with the report's link definitions */
	constructor(environment: object) {
		this.environment = environment;
	}

	blocks(blocks: DocumentBlock[]): Content[] {
		return blocks.flatMap((block) => this.block(block));
	}

	private block(block: DocumentBlock): Content[] {
		switch (block.type) {
			case "heading":
				return [this.text(block.text, `heading${Math.min(4, block.depth)}`)];
			case "paragraph":
				return [this.text(block.text, "paragraph")];
			case "list":
				return [this.list(block)];
			case "quote":
				return [
					{
						stack: this.blocks(block.blocks),
						style: "quote",
						margin: [12, 0, 0, 6],
					},
				];
			case "code": {
				const info = block.info.trim();
				return [...(info === "" ? [] : [small(info)]), code(block.text)];
			}
			case "table":
				return [this.table(block)];
			case "break":
				return [rule()];
			case "unread":
				return [small(notRead(block.why)), code(block.text)];
		}
	}

	private text(text: string, style: string): Content {
		return { text: breakWords(runsOfText(text, this.environment)), style };
	}

	private list({ start, items }: DocumentList): Content {
		const content = items.map(
			({ blocks }): Content => ({ stack: this.blocks(blocks) }),
		);
		return start === null
			? { ul: content, margin: [0, 0, 0, 6] }
			: { ol: content, start, margin: [0, 0, 0, 6] };
	}

	private table({ aligns, rows }: DocumentTable): Content {
		const columns = Math.min(MAX_COLUMNS, aligns.length);
		const body = rows.map(({ cells, surplus }, index): TableCell[] =>
			Array.from({ length: columns }, (_, column): TableCell => {
				const isLast = column === columns - 1;
				const own = isLast ? cells.slice(column) : [cells[column] ?? ""];
				const runs: Run[] = own.flatMap((cell, place) => [
					...(place === 0 ? [] : [{ text: " | " }]),
					...runsOfCell(cell, this.environment),
				]);
				if (isLast && surplus !== "")
					runs.push({
						text: printable(` (${notRead(unread.surplus)}: ${surplus})`),
						italics: true,
					});
				return {
					text: breakWords(runs),
					style: index === 0 ? "tableHead" : "tableCell",
				};
			}),
		);
		return {
			// Not "*", which grows beyond the paper with the longest word.
			table: {
				headerRows: 1,
				widths: Array(columns).fill(`${100 / columns}%`),
				body,
			},
			layout: "lines",
			margin: [0, 2, 0, 8],
		};
	}
}

/** Returns a new rule each time, since the layout modifies its input. */
function rule(): Content {
	return {
		canvas: [
			{ type: "line", x1: 0, y1: 4, x2: 515, y2: 4, lineColor: "#c8ced6" },
		],
		margin: [0, 0, 0, 8],
	};
}

function small(text: string): Content {
	return { text: printable(text), style: "small" };
}

function code(value: string): Content {
	return {
		table: {
			widths: ["100%"],
			body: [
				[
					{
						text: printable(value),
						style: "code",
						preserveLeadingSpaces: true,
					},
				],
			],
		},
		layout: "code",
		margin: [0, 0, 0, 8],
	};
}
