import MarkdownIt from "markdown-it";

const parser = new MarkdownIt();

/**
 * Returns an address as a browser would follow it: encoded, with an international host in ASCII.
 *
 * @param address What a link or an image leads to, as written in the report.
 */
export function normalizeAddress(address: string): string {
	return parser.normalizeLink(address);
}
