import type {
	List,
	Node,
	Nodes,
	Parents,
	PhrasingContent,
	Root,
	RootContent,
	Table,
} from "mdast";
import type { Content, TableCell } from "pdfmake/interfaces.js";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import { breakWords } from "./break-words.ts";
import { printable } from "./printable.ts";

const parser = unified().use(remarkParse).use(remarkGfm);

/** Columns of a table that are typeset side by side; more share the last one. */
const MAX_COLUMNS = 8;

/** A report's Markdown as content of a PDF: text alone, nothing is loaded. */
export function typesetMarkdown(source: string): Content[] {
	return blocks(parser.parse(source) as Root);
}

function blocks(parent: { children: Node[] }): Content[] {
	return (parent.children as RootContent[]).flatMap(block);
}

function block(node: RootContent): Content[] {
	switch (node.type) {
		case "heading":
			return [
				{
					text: breakWords(inline(node.children)),
					style: `heading${Math.min(4, node.depth)}`,
				},
			];
		case "paragraph":
			return [{ text: breakWords(inline(node.children)), style: "paragraph" }];
		case "list":
			return [list(node)];
		case "blockquote":
			return [{ stack: blocks(node), style: "quote", margin: [12, 0, 0, 6] }];
		case "code":
			return [code(node.value)];
		case "html":
			return [code(node.value)];
		case "table":
			return [table(node)];
		case "thematicBreak":
			return [
				{
					canvas: [
						{
							type: "line",
							x1: 0,
							y1: 4,
							x2: 515,
							y2: 4,
							lineColor: "#c8ced6",
						},
					],
					margin: [0, 0, 0, 8],
				},
			];
		case "definition":
			return [];
		case "footnoteDefinition":
			return [
				{ text: printable(`[${node.identifier}]`), style: "small" },
				...blocks(node),
			];
		default:
			return [{ text: printable(plainText(node)), style: "paragraph" }];
	}
}

function list(node: List): Content {
	const items = node.children.map((item): Content => {
		const content = blocks(item);
		if (typeof item.checked !== "boolean") return { stack: content };
		return {
			stack: [
				{ text: item.checked ? "[x]" : "[ ]", style: "small" },
				...content,
			],
		};
	});
	return node.ordered
		? { ol: items, start: node.start ?? 1, margin: [0, 0, 0, 6] }
		: { ul: items, margin: [0, 0, 0, 6] };
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

function table(node: Table): Content {
	const columns = Math.min(
		MAX_COLUMNS,
		Math.max(1, ...node.children.map(({ children }) => children.length)),
	);
	const body = node.children.map((row, index): TableCell[] =>
		Array.from({ length: columns }, (_, column) => {
			const end = column === columns - 1 ? undefined : column + 1;
			const cells = row.children.slice(column, end);
			return {
				text: breakWords(cells.flatMap(({ children }) => inline(children))),
				style: index === 0 ? "tableHead" : "tableCell",
			};
		}),
	);
	return {
		// Not "*", which grows past the paper with the longest word.
		table: {
			headerRows: 1,
			widths: Array(columns).fill(`${100 / columns}%`),
			body,
		},
		layout: "lines",
		margin: [0, 2, 0, 8],
	};
}

/** Marks that the text within a node carries. */
interface Marks {
	bold?: true;
	italics?: true;
	decoration?: "lineThrough";
	background?: string;
	color?: string;
}

/** Text in one type. */
type Run = Marks & { text: string };

function inline(nodes: PhrasingContent[], marks: Marks = {}): Run[] {
	return nodes.flatMap((node): Run[] => {
		switch (node.type) {
			case "strong":
				return inline(node.children, { ...marks, bold: true });
			case "emphasis":
				return inline(node.children, { ...marks, italics: true });
			case "delete":
				return inline(node.children, { ...marks, decoration: "lineThrough" });
			case "inlineCode":
			case "html":
				return [run(node.value, { ...marks, background: "#eceff3" })];
			case "break":
				return [run("\n", marks)];
			case "link":
				return [
					...inline(node.children, marks),
					...(plainText(node) === node.url
						? []
						: [run(` (${node.url})`, { ...marks, color: "#4b5563" })]),
				];
			case "image":
				return [
					run(`[image not loaded: ${node.alt ?? ""} ${node.url}]`, {
						...marks,
						italics: true,
					}),
				];
			default:
				return "children" in node
					? inline(node.children as PhrasingContent[], marks)
					: [run(plainText(node), marks)];
		}
	});
}

function run(text: string, marks: Marks): Run {
	return { text: printable(text), ...marks };
}

function plainText(node: Node): string {
	const { value, children } = node as Partial<Parents & { value: string }>;
	if (typeof value === "string") return value;
	return (children ?? []).map((child) => plainText(child as Nodes)).join("");
}
