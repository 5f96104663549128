import type Token from "markdown-it/lib/token.mjs";
import type {
	Document,
	DocumentBlock,
	DocumentList,
	DocumentTable,
} from "./document.ts";
import { parseBlocks } from "./markdown-parser.ts";
import { findExcess } from "./parse-running-text.ts";
import { readSurplusCells } from "./rules/surplus-cells.ts";
import { SourceLines } from "./source-lines.ts";
import { unread } from "./unread.ts";

/**
 * Reads a report for display, with the parser that also assesses it. Everything in the source is included, except for
 * the markup characters. Never throws.
 *
 * @param source Markdown from `toSource`.
 */
export function readDocument(source: string): Document {
	const environment = {};
	const reader = new DocumentReader(source);
	parseBlocks(
		source,
		environment,
		(token, isHidden) => reader.read(token, isHidden),
		true,
	);
	return { blocks: reader.blocks, environment };
}

/**
 * The lines of a block, counted from 0, the end excluded. The parser completes them while it reads the block.
 */
type Span = [from: number, to: number];

/** Assembles the parser's tokens into blocks, which nest only as deep as is read. */
class DocumentReader {
	/** The blocks of what is being read: the whole report, or a quote or item in it. */
	blocks: DocumentBlock[] = [];
	private around: DocumentBlock[][] = [];
	private lists: DocumentList[] = [];
	private table: DocumentTable = { type: "table", aligns: [], rows: [] };
	private span: Span = [0, 0];
	private depth = 0;
	/** Where the last unread part ends. */
	private unreadTo = 0;
	private lines: SourceLines;

	constructor(source: string) {
		this.lines = new SourceLines(source);
	}

	read(token: Token, isHidden: boolean): void {
		const { type, content, map } = token;
		if (map) this.span = map;
		switch (type) {
			case "html_block":
				this.addUnread(unread.html, content.replace(/\n$/, ""));
				break;
			case "definition":
				this.addUnread(unread.definition, content);
				break;
			case "wide_table":
				this.addUnread(unread.tooWide, content);
				break;
			case "too_deep":
				this.addUnread(unread.tooDeep, content);
				break;
			case "heading_open":
				this.depth = Number(token.tag.slice(1));
				break;
			case "heading_close":
				this.depth = 0;
				break;
			case "inline":
				// Cells have no lines of their own.
				if (map) this.addText(content, isHidden);
				else this.table.rows.at(-1)?.cells.push(content);
				break;
			case "fence":
			case "code_block":
				this.add({ type: "code", info: token.info, text: content }, isHidden);
				break;
			case "hr":
				this.add({ type: "break" }, isHidden);
				break;
			default:
				this.readNesting(token, isHidden);
		}
	}

	private readNesting(token: Token, isHidden: boolean): void {
		const [from] = this.span;
		switch (token.type) {
			case "blockquote_open": {
				const blocks: DocumentBlock[] = [];
				this.add({ type: "quote", blocks });
				this.enter(blocks);
				break;
			}
			case "list_item_open": {
				const item = { line: from + 1, blocks: [] };
				this.lists.at(-1)?.items.push(item);
				this.enter(item.blocks);
				break;
			}
			case "blockquote_close":
			case "list_item_close":
				this.blocks = this.around.pop() ?? this.blocks;
				break;
			case "bullet_list_open":
				this.openList(null);
				break;
			case "ordered_list_open":
				this.openList(Number(token.attrGet("start") ?? 1));
				break;
			case "bullet_list_close":
			case "ordered_list_close": {
				const list = this.lists.pop();
				if (list) list.isTight = this.isTight(list);
				break;
			}
			default:
				this.readTable(token, isHidden);
		}
	}

	private readTable(token: Token, isHidden: boolean): void {
		const { rows, aligns } = this.table;
		const [from, to] = this.span;
		switch (token.type) {
			case "table_open":
				this.table = { type: "table", aligns: [], rows: [] };
				break;
			case "th_open":
				aligns.push(readAlign(token));
				break;
			case "tr_open": {
				const isHead = rows.length === 0;
				const row = isHead ? "" : this.lines.slice(from, to);
				const surplus = readSurplusCells(row, aligns.length);
				rows.push({ line: from + 1, cells: [], surplus });
				break;
			}
			case "table_close": {
				const first = (rows[0]?.line ?? 1) - 1;
				// Below the head there is at least a line of dashes.
				const last = Math.max(first + 2, rows.at(-1)?.line ?? 0);
				this.span = [first, last];
				this.add(this.table, isHidden);
			}
		}
	}

	private enter(blocks: DocumentBlock[]): void {
		this.around.push(this.blocks);
		this.blocks = blocks;
	}

	private openList(start: number | null): void {
		const list: DocumentList & { line: number } = {
			type: "list",
			start,
			isTight: true,
			items: [],
			line: this.span[0] + 1,
		};
		this.blocks.push(list);
		this.lists.push(list);
	}

	private addText(text: string, isHidden: boolean): void {
		const excess = findExcess(text);
		if (excess) this.addUnread(excess, text);
		else if (this.depth === 0) this.add({ type: "paragraph", text }, isHidden);
		else this.add({ type: "heading", depth: this.depth, text }, isHidden);
	}

	private add(block: Block, isHidden = false): void {
		const [from, to] = this.span;
		if (isHidden) this.addUnread(unread.hidden, this.lines.slice(from, to));
		else this.blocks.push({ ...block, line: from + 1 });
	}

	/** Joins consecutive parts that are unread for the same reason. */
	private addUnread(why: string, text: string): void {
		const [from, to] = this.span;
		const last = this.blocks.at(-1);
		if (last?.type === "unread" && last.why === why) {
			const gap = Math.min(Math.max(from - this.unreadTo, 0), 2);
			last.text += "\n".repeat(gap + 1) + text;
		} else this.blocks.push({ type: "unread", why, text, line: from + 1 });
		this.unreadTo = to;
	}

	private isTight({ items }: DocumentList): boolean {
		const follows = ({ line }: { line: number }, index: number) =>
			index > 0 && this.lines.isEmpty(line - 2);
		return !items.some(
			(item, index) => follows(item, index) || item.blocks.some(follows),
		);
	}
}

type Block = DocumentBlock extends infer One
	? One extends DocumentBlock
		? Omit<One, "line">
		: never
	: never;

function readAlign(token: Token): DocumentTable["aligns"][number] {
	const style = String(token.attrGet("style") ?? "");
	const [, align] = /^text-align:(left|right|center)$/.exec(style) ?? [];
	return (align as "left" | "right" | "center" | undefined) ?? null;
}
