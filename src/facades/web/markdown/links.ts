import { normalizeAddress } from "../../../checklist/address.ts";
import { escapeAttribute, escapeText, note } from "./escape.ts";

/** Prefix of every id that comes from a report, so that it cannot clash with one of the page's own. */
export const ID_PREFIX = "md-";

/**
 * Renders a link out of a report: it opens in a new tab, sends no referrer, and
 * names its host where its text names another. What is neither an address nor a
 * place in the report becomes text.
 *
 * @param address where it leads, as written in the report
 * @param title what a browser would show only on hover, or an empty text
 * @param text what it reads, without markup
 * @param content the same as markup
 * @param ids of the report's headings
 */
export function linkHtml(
	address: string,
	title: string,
	text: string,
	content: string,
	ids: ReadonlySet<string>,
): string {
	const said = title === "" ? "" : note(` “${title}”`);
	if (address.startsWith("#")) {
		const name = decode(address.slice(1));
		const id = [name, ID_PREFIX + name].find((id) => ids.has(id));
		return id === undefined
			? `<span>${content}${note(` (link to ${address})`)}${said}</span>`
			: `<a href="#${escapeAttribute(id)}">${content}</a>${said}`;
	}
	const url = readUrl(address);
	if (!url)
		return `<span>${content}${note(` (link to ${address})`)}${said}</span>`;
	const goesTo = isMisleading(text, url)
		? note(` (goes to ${url.host || url.href})`)
		: "";
	return `${openLink(url)}${content}${goesTo}</a>${said}`;
}

/** Renders text with web and e-mail addresses as links, as GitHub does. */
export function linkedText(text: string): string {
	if (!/:\/\/|www\.|@/i.test(text)) return escapeText(text);
	let html = "";
	let done = 0;
	for (const { 0: word, index } of text.matchAll(/[^\s<>]+/g)) {
		const found = findAddress(word);
		if (!found) continue;
		const start = index + found.start;
		html += `${escapeText(text.slice(done, start))}${openLink(found.url)}${escapeText(found.text)}</a>`;
		done = start + found.text.length;
	}
	return html + escapeText(text.slice(done));
}

const webAddress = /(?:^|[^\p{L}\p{N}])(https?:\/\/|www\.)/iu;
const mailAddress = /^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/;

/** Finds the address in a word; surrounding characters, such as brackets and a full stop, are not part of it. */
function findAddress(
	word: string,
): { start: number; text: string; url: URL } | undefined {
	const web = webAddress.exec(word);
	const start = web
		? web.index + web[0].length - (web[1]?.length ?? 0)
		: word.search(/[\w.+-]/);
	if (start < 0) return undefined;
	const text = trimEnd(word.slice(start));
	if (!web && !mailAddress.test(text)) return undefined;
	const scheme = web ? (/^www/i.test(text) ? "http://" : "") : "mailto:";
	const url = readUrl(scheme + text);
	return url ? { start, text, url } : undefined;
}

function trimEnd(address: string): string {
	let end = address.length;
	while (/[?!.,:;*_~'"”)\]|]/.test(address.charAt(end - 1))) end -= 1;
	const isOpen = address.slice(0, end).includes("(");
	return address.slice(
		0,
		isOpen && address.charAt(end) === ")" ? end + 1 : end,
	);
}

function readUrl(address: string): URL | null {
	const url = URL.parse(normalizeAddress(address));
	return url && /^(https?|mailto):$/.test(url.protocol) ? url : null;
}

function openLink({ href }: URL): string {
	const shown = escapeAttribute(href);
	return `<a href="${shown}" rel="noopener noreferrer nofollow" target="_blank" title="${shown}">`;
}

/**
 * Returns whether a link's text is the address of another host, or the address
 * only looks as if it began with one.
 */
function isMisleading(text: string, url: URL): boolean {
	const named = URL.parse(text.trim().replace(/^www\./i, "https://"));
	if (url.username !== "" && url.protocol !== "mailto:") return true;
	return Boolean(named?.host && named.host !== url.host.replace(/^www\./, ""));
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text).toLowerCase();
	} catch {
		return text;
	}
}
