import type { Element, ElementContent, Root } from "hast";
import { visit } from "unist-util-visit";
import { textOf } from "./text-of.ts";

/** Before every id that comes from a report, so that it cannot be one of the page's own. */
export const ID_PREFIX = "md-";

/**
 * Links leave the page in the open: into a new tab, without telling where from,
 * with their host named where the text names another. What is neither an
 * address nor a place in the report becomes text.
 */
export function setLinks() {
	return (tree: Root) => {
		const ids = new Set<unknown>();
		visit(tree, "element", ({ properties }) => {
			ids.add(properties.id);
		});
		visit(tree, "element", (node) => {
			if (node.tagName === "a") setLink(node, ids);
		});
	};
}

function setLink(link: Element, ids: Set<unknown>): void {
	const href = String(link.properties.href ?? "");
	if (href.startsWith("#")) {
		const own = [href.slice(1), ID_PREFIX + decode(href.slice(1))];
		const id = own.find((id) => id.startsWith(ID_PREFIX) && ids.has(id));
		if (id) link.properties.href = `#${id}`;
		else makeText(link, href);
		return;
	}
	const url = URL.parse(href);
	if (!url || !/^(https?|mailto):$/.test(url.protocol)) {
		makeText(link, href);
		return;
	}
	link.properties.rel = ["noopener", "noreferrer", "nofollow"];
	link.properties.target = "_blank";
	link.properties.title = href;
	const named = URL.parse(
		textOf(link)
			.trim()
			.replace(/^www\./i, "https://"),
	);
	if (named?.host && named.host !== url.host.replace(/^www\./, "")) {
		link.children.push(note(` (goes to ${url.host || href})`));
	}
}

function makeText(link: Element, href: string): void {
	link.tagName = "span";
	link.properties = {};
	// The sanitizer has taken away an address that no link may have.
	link.children.push(
		note(href === "" ? " (link blocked)" : ` (link to ${href})`),
	);
}

function note(value: string): ElementContent {
	return {
		type: "element",
		tagName: "span",
		properties: { className: ["blocked"] },
		children: [{ type: "text", value }],
	};
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text).toLowerCase();
	} catch {
		return text;
	}
}
