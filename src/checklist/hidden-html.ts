const tag = /<(\/?)([a-z][a-z0-9]{0,20})\b([^<>]{0,500})>/gi;
/** Elements whose text is struck out or invisible. */
const hidingTags = new Set(
	"s del strike template noscript title head".split(" "),
);
const hidingAttributes =
	/\bhidden\b|display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0|line-through/i;

/**
 * Follows HTML that strikes out or hides the text inside it.
 *
 * @param hiding The names of the open hiding elements, innermost last; updated in place.
 * @param html Tags in the order of the report.
 */
export function followHiding(hiding: string[], html: string): void {
	tag.lastIndex = 0;
	for (let match = tag.exec(html); match; match = tag.exec(html)) {
		const [, slash, name = "", attributes = ""] = match;
		const element = name.toLowerCase();
		if (slash) {
			const open = hiding.lastIndexOf(element);
			if (open >= 0) hiding.length = open;
		} else if (
			hiding.length < 50 &&
			!attributes.endsWith("/") &&
			(hidingTags.has(element) ||
				hidingAttributes.test(attributes) ||
				hiding.includes(element))
		)
			hiding.push(element);
	}
}
