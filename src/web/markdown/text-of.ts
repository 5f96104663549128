import type { Element } from "hast";
import { visit } from "unist-util-visit";

/** All text within an element. */
export function textOf(node: Element): string {
	let text = "";
	visit(node, "text", ({ value }) => {
		text += value;
	});
	return text;
}
