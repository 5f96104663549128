import type { Element, ElementContent, Root } from "hast";
import { visit } from "unist-util-visit";

/** Images are never loaded: each becomes a note with its text and address. */
export function replaceImages() {
	return (tree: Root) => {
		visit(tree, "element", (node, index, parent) => {
			if (node.tagName !== "img" || !parent || index === undefined) return;
			const { src = "", alt = "" } = node.properties;
			const isRemote = /^([a-z][a-z0-9+.-]*:|\/\/)/i.test(String(src));
			const kind = isRemote ? "remote image" : "image";
			const label = alt ? ` “${alt}”` : "";
			parent.children[index] = span("blocked", [
				{
					type: "text",
					value: `[${kind} blocked${label}: ${String(src) || "no address"}]`,
				},
			]);
		});
	};
}

/** A task's box is a fact, not a control: it becomes a sign with a name. */
export function labelBoxes() {
	return (tree: Root) => {
		visit(tree, "element", (node, index, parent) => {
			if (node.tagName !== "input" || !parent || index === undefined) return;
			const isDone = node.properties.checked === true;
			const sign = span("task", [{ type: "text", value: isDone ? "☑" : "☐" }]);
			sign.properties.role = "img";
			sign.properties.ariaLabel = isDone ? "Done" : "Not done";
			parent.children[index] = sign;
		});
	};
}

/** The page has two levels of headings of its own above the report's. */
export function lowerHeadings() {
	return (tree: Root) => {
		visit(tree, "element", (node) => {
			const depth = /^h([1-6])$/.exec(node.tagName)?.[1];
			if (!depth) return;
			node.properties.dataDepth = depth;
			node.tagName = `h${Math.min(6, Number(depth) + 2)}`;
		});
	};
}

function span(className: string, children: ElementContent[]): Element {
	return {
		type: "element",
		tagName: "span",
		properties: { className: [className] },
		children,
	};
}
