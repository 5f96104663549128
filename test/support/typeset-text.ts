/** Returns the text of a PDF's content before layout, without struck-out text, unread text or code blocks. */
export function typesetText(content: unknown): string {
	if (typeof content === "string") return content;
	if (Array.isArray(content)) {
		// Pieces of one line have no space between them; blocks do.
		const isLine = content.every(
			(part) =>
				typeof part === "object" &&
				part &&
				"text" in part &&
				!("style" in part),
		);
		return content.map(typesetText).join(isLine ? "" : "\n");
	}
	if (typeof content !== "object" || content === null) return "";
	const { text, stack, ul, ol, table, decoration, style } = content as Record<
		string,
		unknown
	>;
	if (decoration === "lineThrough" || style === "code" || style === "small")
		return " ";
	const body = (table as { body?: unknown } | undefined)?.body;
	return [text, stack, ul, ol, body].map(typesetText).join("\n");
}
