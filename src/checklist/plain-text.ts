import type Token from "markdown-it/lib/token.mjs";

/** Returns running text without its markup, with the description of each image. */
export function plainText(tokens: Token[]): string {
	return tokens
		.map(({ type, content, children }) => {
			if (type === "softbreak" || type === "hardbreak") return "\n";
			return type === "image" ? plainText(children ?? []) : content;
		})
		.join("");
}

/**
 * Returns where a link leads or an image is loaded from, and the title that is shown only on hover; empty texts where
 * there is none.
 */
export function readTarget(token: Token): { address: string; title: string } {
	const read = (name: string) => String(token.attrGet(name) ?? "");
	return { address: read("href") || read("src"), title: read("title") };
}
