import MarkdownIt from "markdown-it";

const parser = new MarkdownIt();

/**
 * An address in the form that a browser would follow: encoded, and an international host in ASCII.
 * @param address What a link or an image leads to, as the report has it.
 */
export function normalizeAddress(address: string): string {
	return parser.normalizeLink(address);
}
