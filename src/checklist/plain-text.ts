import type Token from "markdown-it/lib/token.mjs";

/** Running text without its markup; of an image its description. */
export function plainText(tokens: Token[]): string {
	return tokens
		.map(({ type, content, children }) => {
			if (type === "softbreak" || type === "hardbreak") return "\n";
			return type === "image" ? plainText(children ?? []) : content;
		})
		.join("");
}

/** Where a link leads, or what an image is loaded from, and the title that only a mouse would show; empty texts where there is none. */
export function readTarget(token: Token): { address: string; title: string } {
	const read = (name: string) => String(token.attrGet(name) ?? "");
	return { address: read("href") || read("src"), title: read("title") };
}
