/** An element of a rendered report. */
export interface Shown {
	tag: string;
	attributes: Map<string, string>;
	children: (Shown | string)[];
	parent?: Shown;
}

const tagOrText =
	/<(\/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"<>]*")*)>|([^<]+)|(<)/gs;
const withoutEnd = new Set(["br", "hr"]);
/** Elements that start their own line, or a cell. */
const blocks = /^(p|li|tr|td|th|pre|div|h[1-6]|br|blockquote)$/;

/** Parses markup as strictly as the renderer writes it. @throws for anything that is not well-formed */
export function parsePage(html: string): Shown {
	const root: Shown = { tag: "", attributes: new Map(), children: [] };
	let current = root;
	for (const [, slash, tag = "", attributes = "", text] of html.matchAll(
		tagOrText,
	)) {
		if (text !== undefined) current.children.push(decode(text));
		else if (tag === "") throw new Error("a < that begins no tag");
		else if (slash) {
			if (current.tag !== tag || !current.parent)
				throw new Error(`</${tag}> ends <${current.tag}>`);
			current = current.parent;
		} else {
			const shown: Shown = {
				tag,
				attributes: new Map(
					[...attributes.matchAll(/([a-z-]+)="([^"]*)"/g)].map(
						([, name = "", value = ""]) => [name, decode(value)],
					),
				),
				children: [],
				parent: current,
			};
			current.children.push(shown);
			if (!withoutEnd.has(tag)) current = shown;
		}
	}
	if (current !== root) throw new Error(`<${current.tag}> does not end`);
	return root;
}

/** Yields all elements below one, in order. */
export function* elementsOf(shown: Shown): Generator<Shown> {
	for (const child of shown.children) {
		if (typeof child === "string") continue;
		yield child;
		yield* elementsOf(child);
	}
}

/**
 * Returns what a reader sees of an element, without what is left out.
 * Written-out hidden characters separate words, as they do themselves.
 */
export function textOf(
	shown: Shown,
	isLeftOut: (shown: Shown) => boolean = () => false,
): string {
	if (isLeftOut(shown)) return " ";
	if (classOf(shown) === "hidden-char") return " ";
	const text = shown.children
		.map((child) =>
			typeof child === "string" ? child : textOf(child, isLeftOut),
		)
		.join("");
	return blocks.test(shown.tag) ? `\n${text}\n` : text;
}

export function classOf({ attributes }: Shown): string {
	return attributes.get("class") ?? "";
}

/** Returns the element whose anchor covers a line, as a link to the line finds it. */
export function elementAt(
	page: Shown,
	anchors: number[],
	line: number,
): Shown | undefined {
	const anchor = anchors.findLast((one) => one <= line) ?? anchors[0];
	for (const shown of elementsOf(page)) {
		if (shown.attributes.get("id") !== `line-${anchor}`) continue;
		return shown.tag === "a" ? shown.parent : shown;
	}
	return undefined;
}

const entities: Record<string, string> = {
	...{ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" },
};

function decode(text: string): string {
	return text.replace(
		/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi,
		(whole, decimal?: string, hex?: string, name = "") => {
			if (decimal) return String.fromCodePoint(Number(decimal));
			if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
			return entities[name] ?? whole;
		},
	);
}
