import type { Element, ElementContent, Root, Text } from "hast";
import rehypeHighlight from "rehype-highlight";
import rehypeSanitize from "rehype-sanitize";
import rehypeSlug from "rehype-slug";
import rehypeStringify from "rehype-stringify";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import remarkRehype from "remark-rehype";
import { unified } from "unified";
import { SKIP, visit } from "unist-util-visit";
import { splitHidden } from "../components/text.ts";
import { labelBoxes, lowerHeadings, replaceImages } from "./inert.ts";
import { ID_PREFIX, setLinks } from "./links.ts";
import { sanitizeSchema } from "./sanitize-schema.ts";
import { textOf } from "./text-of.ts";

/** A report's Markdown as markup that does nothing. */
export interface Rendered {
	/** Sanitized HTML; blocks have ids `line-N` by the line they start at. */
	html: string;
	/** The lines that have an id, ascending. */
	anchors: number[];
	outline: { depth: number; text: string; id: string }[];
}

const processor = unified()
	.use(remarkParse)
	.use(remarkGfm)
	.use(remarkRehype, {
		clobberPrefix: ID_PREFIX,
		handlers: { html: showRawHtml },
	})
	.use(replaceImages)
	.use(labelBoxes)
	.use(rehypeSanitize, sanitizeSchema)
	// From here on, what is added is ours.
	.use(rehypeSlug, { prefix: ID_PREFIX })
	.use(rehypeHighlight, { detect: false })
	.use(setLinks)
	.use(showHiddenCharacters)
	.use(lowerHeadings)
	.use(wrapTables)
	.use(rehypeStringify);

/**
 * Renders Markdown (GFM) of unknown origin. Raw HTML is shown as text, images
 * are named and not loaded, characters that nobody would see are written out.
 *
 * @throws whatever the parser throws at input made to break it, such as a RangeError
 */
export function renderMarkdown(source: string): Rendered {
	const tree = processor.runSync(processor.parse(source)) as Root;
	const outline = collectOutline(tree);
	const anchors = setLineAnchors(tree);
	return { html: processor.stringify(tree), anchors, outline };
}

/** Raw HTML as the text that it is: a block of code, or code in a line. */
function showRawHtml(
	_state: unknown,
	node: { value: string },
	parent: { type: string } | undefined,
): ElementContent {
	const isBlock =
		parent === undefined ||
		["root", "blockquote", "listItem", "footnoteDefinition"].includes(
			parent.type,
		);
	const code: Element = {
		type: "element",
		tagName: "code",
		properties: { className: ["raw-html"] },
		children: [{ type: "text", value: node.value }],
	};
	return isBlock
		? { type: "element", tagName: "pre", properties: {}, children: [code] }
		: code;
}

function showHiddenCharacters() {
	return (tree: Root) => {
		visit(tree, "text", (node: Text, index, parent) => {
			const parts = splitHidden(node.value);
			if (!parent || index === undefined) return;
			if (!parts.some(({ isHidden }) => isHidden)) return;
			const shown = parts.map(({ text, isHidden }): ElementContent => {
				const value: Text = { type: "text", value: text };
				return isHidden
					? {
							type: "element",
							tagName: "span",
							properties: { className: ["hidden-char"] },
							children: [value],
						}
					: value;
			});
			parent.children.splice(index, 1, ...shown);
			return [SKIP, index + shown.length];
		});
	};
}

/** Wide tables scroll in a box of their own, which the keyboard reaches. */
function wrapTables() {
	return (tree: Root) => {
		visit(tree, "element", (node, index, parent) => {
			if (node.tagName !== "table" || !parent || index === undefined) return;
			parent.children[index] = {
				type: "element",
				tagName: "div",
				properties: {
					className: ["scroll"],
					role: "group",
					ariaLabel: "Table",
					tabIndex: 0,
				},
				children: [node],
			};
			return SKIP;
		});
	};
}

function collectOutline(tree: Root): Rendered["outline"] {
	const outline: Rendered["outline"] = [];
	visit(tree, "element", (node) => {
		const { id } = node.properties;
		if (!/^h[3-6]$/.test(node.tagName) || typeof id !== "string") return;
		const depth = Number(node.properties.dataDepth ?? node.tagName.slice(1));
		outline.push({ depth, text: textOf(node), id });
	});
	return outline;
}

const anchored = /^(p|li|tr|pre|h[3-6])$/;

function setLineAnchors(tree: Root): number[] {
	const lines = new Set<number>();
	visit(tree, "element", (node) => {
		const line = node.position?.start.line;
		if (!anchored.test(node.tagName) || !line || lines.has(line)) return;
		const { id } = node.properties;
		const isHeading = node.tagName.startsWith("h");
		if (typeof id === "string" && !isHeading) return;
		lines.add(line);
		if (typeof id !== "string") {
			node.properties.id = `line-${line}`;
			return;
		}
		// A heading has its own id already; its link to itself carries the line's.
		node.children.push({
			type: "element",
			tagName: "a",
			properties: {
				id: `line-${line}`,
				href: `#${id}`,
				className: ["heading-link"],
				ariaLabel: `Link to ${textOf(node)}`,
			},
			children: [{ type: "text", value: "#" }],
		});
	});
	return [...lines].sort((one, other) => one - other);
}
