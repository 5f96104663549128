import type {
	DocumentBlock,
	DocumentList,
	DocumentRow,
	DocumentTable,
	Unread,
} from "../../../checklist/document.ts";
import { findExcess } from "../../../checklist/parse-running-text.ts";
import { readDocument } from "../../../checklist/read-document.ts";
import { toSource } from "../../../checklist/source.ts";
import { notRead, unread } from "../../../checklist/unread.ts";
import { Highlighter } from "./code.ts";
import { escapeAttribute, escapeText, note } from "./escape.ts";
import { collectHeadings, type Heading } from "./headings.ts";
import { runningTextHtml, type Surroundings, takeBox } from "./running-text.ts";

/** A report's Markdown as inert markup. */
export interface Rendered {
	/** Our own tags around escaped text; blocks have ids `line-N` by the line they start at. */
	html: string;
	/** The lines that have an id, in ascending order. */
	anchors: number[];
	outline: { depth: number; text: string; id: string }[];
}

/**
 * Renders Markdown (GFM) of unknown origin with the parser that also assesses
 * it. Raw HTML is shown as text, images are named but not loaded, and invisible
 * characters and text that is not read as an answer are written out.
 */
export function renderMarkdown(source: string): Rendered {
	const { blocks, environment } = readDocument(toSource(source));
	const headings = collectHeadings(blocks, environment);
	const renderer = new Renderer(headings, environment);
	return {
		html: renderer.blocks(blocks),
		anchors: [...renderer.anchors].sort((one, other) => one - other),
		outline: [...headings.values()],
	};
}

class Renderer {
	anchors = new Set<number>();
	private highlighter = new Highlighter();
	private around: Surroundings;
	private headings: Map<DocumentBlock, Heading>;

	constructor(headings: Map<DocumentBlock, Heading>, environment: object) {
		this.headings = headings;
		const ids = new Set([...headings.values()].map(({ id }) => id));
		this.around = { environment, ids };
	}

	blocks(blocks: DocumentBlock[]): string {
		let html = "";
		for (const block of blocks) html += `${this.block(block)}\n`;
		return html;
	}

	private block(block: DocumentBlock): string {
		switch (block.type) {
			case "heading":
				return this.heading(block);
			case "paragraph":
				return `<p${this.anchor(block.line)}>${runningTextHtml(block.text, this.around)}</p>`;
			case "list":
				return this.list(block);
			case "quote":
				return `<blockquote>\n${this.blocks(block.blocks)}</blockquote>`;
			case "code":
				return this.highlighter.toHtml(
					block.info,
					block.text,
					this.anchor(block.line),
				);
			case "table":
				return this.table(block);
			case "break":
				return "<hr>";
			case "unread":
				return this.unread(block);
		}
	}

	/** The page has two levels of its own headings above the report's. */
	private heading(block: DocumentBlock & { type: "heading" }): string {
		const tag = `h${Math.min(6, block.depth + 2)}`;
		const content = runningTextHtml(block.text, this.around);
		const anchor = this.anchor(block.line);
		const known = this.headings.get(block);
		if (!known) return `<${tag}${anchor}>${content}</${tag}>`;
		const id = escapeAttribute(known.id);
		const name = escapeAttribute(known.text);
		// It already has its own id; the line's id goes to the link to itself.
		const link =
			anchor &&
			`<a${anchor} href="#${id}" class="heading-link" aria-label="Link to ${name}">#</a>`;
		return `<${tag} id="${id}">${content}${link}</${tag}>`;
	}

	private list({ start, isTight, items }: DocumentList): string {
		const tag = start === null ? "ul" : "ol";
		let html = "";
		let hasTasks = false;
		for (const { line, blocks } of items) {
			const anchor = this.anchor(line);
			const [first, ...rest] = blocks;
			if (first?.type !== "paragraph") {
				html += `<li${anchor}>${this.blocks(blocks)}</li>\n`;
				continue;
			}
			const task = takeBox(first.text, this.around);
			const text = task
				? `${task.box} ${task.rest}`
				: runningTextHtml(first.text, this.around);
			hasTasks ||= task !== undefined;
			const marked = task ? ' class="task-list-item"' : "";
			const wrapped = isTight ? text : `<p>${text}</p>`;
			html += `<li${anchor}${marked}>${wrapped}\n${this.blocks(rest)}</li>\n`;
		}
		const from = start === null || start === 1 ? "" : ` start="${start}"`;
		const marked = hasTasks ? ' class="contains-task-list"' : "";
		return `<${tag}${from}${marked}>\n${html}</${tag}>`;
	}

	/** Wide tables scroll in their own box, which the keyboard can reach. */
	private table({ aligns, rows }: DocumentTable): string {
		const attributes = aligns.map((align) =>
			align ? ` align="${align}"` : "",
		);
		const [head, ...body] = rows.map((row, index) =>
			this.row(row, index === 0 ? "th" : "td", attributes),
		);
		const rest =
			body.length > 0 ? `<tbody>\n${body.join("\n")}\n</tbody>\n` : "";
		return `<div class="scroll" role="group" aria-label="Table" tabindex="0"><table>\n<thead>\n${head}\n</thead>\n${rest}</table></div>`;
	}

	private row(
		{ line, cells, surplus }: DocumentRow,
		tag: "th" | "td",
		attributes: string[],
	): string {
		const last = cells.length - 1;
		const html = cells.map((cell, index) => {
			const more =
				index === last && surplus !== ""
					? note(` (${notRead(unread.surplus)}: ${surplus})`)
					: "";
			return `<${tag}${attributes[index] ?? ""}>${this.cell(cell)}${more}</${tag}>`;
		});
		return `<tr${this.anchor(line)}>${html.join("")}</tr>`;
	}

	private cell(text: string): string {
		const excess = findExcess(text);
		return excess
			? note(`(${notRead(excess)}: ${text})`)
			: runningTextHtml(text, this.around);
	}

	private unread({ why, text, line }: Unread & { line: number }): string {
		return `<div${this.anchor(line)} class="unread"><p>${escapeText(notRead(why))}</p><pre><code>${escapeText(text)}</code></pre></div>`;
	}

	/** Returns the id of a line, for the first block that starts at it. */
	private anchor(line: number): string {
		if (this.anchors.has(line)) return "";
		this.anchors.add(line);
		return ` id="line-${line}"`;
	}
}
