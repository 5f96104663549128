import type Token from "markdown-it/lib/token.mjs";
import {
	followStruckOut,
	parseRunningText,
} from "../../../checklist/parse-running-text.ts";
import { plainText, readTarget } from "../../../checklist/plain-text.ts";
import { escapeText, note } from "./escape.ts";
import { linkedText, linkHtml } from "./links.ts";

/** What running text refers to. */
export interface Surroundings {
	/** The parser's own environment, with the report's link definitions. */
	environment: object;
	/** The ids of the report's headings. */
	ids: ReadonlySet<string>;
}

const emphasis: Record<string, string> = {
	strong_open: "<strong>",
	strong_close: "</strong>",
	em_open: "<em>",
	em_close: "</em>",
};

/** Renders the running text of a paragraph, heading or cell as markup. */
export function runningTextHtml(text: string, around: Surroundings): string {
	return tokensHtml(parseRunningText(text, around.environment), around);
}

/** Returns the task box at the start of a list item's text, and what follows it; undefined if there is none. */
export function takeBox(
	text: string,
	around: Surroundings,
): { box: string; rest: string } | undefined {
	if (!/^\[[ xX]\]\s/.test(text)) return undefined;
	const tokens = parseRunningText(text, around.environment);
	const [first] = tokens;
	// It may be a link, if the report defines one of that name.
	if (first?.type !== "text" || !first.content.startsWith("["))
		return undefined;
	const isDone = first.content.charAt(1) !== " ";
	first.content = first.content.slice(3).trimStart();
	return {
		box: `<span class="task" role="img" aria-label="${isDone ? "Done" : "Not done"}">${isDone ? "☑" : "☐"}</span>`,
		rest: tokensHtml(tokens, around),
	};
}

function tokensHtml(tokens: Token[], around: Surroundings): string {
	let html = "";
	/** Text that the parser has split, for example at an underscore. */
	let pending = "";
	let isPendingStruck = false;
	/** The start of the link around the current text, and what came before it. Links do not nest. */
	let link: { token: Token; before: string; from: number } | undefined;
	const flush = () => {
		if (pending === "") return;
		html += strike(
			link ? escapeText(pending) : linkedText(pending),
			isPendingStruck,
		);
		pending = "";
	};
	let index = -1;
	followStruckOut(tokens, (token, isStruck) => {
		index += 1;
		const { type, content } = token;
		if (type === "text" || type === "text_special") {
			if (isStruck !== isPendingStruck) flush();
			isPendingStruck = isStruck;
			pending += content;
			return;
		}
		flush();
		switch (type) {
			case "link_open":
				link = { token, before: html, from: index };
				html = "";
				break;
			case "link_close":
				if (link) {
					const text = plainText(tokens.slice(link.from, index));
					const { address, title } = readTarget(link.token);
					html = `${link.before}${linkHtml(address, title, text, html, around.ids)}`;
				}
				link = undefined;
				break;
			case "softbreak":
				html += "\n";
				break;
			case "hardbreak":
				html += "<br>";
				break;
			case "image":
				html += strike(imageNote(token), isStruck);
				break;
			case "code_inline":
				html += strike(`<code>${escapeText(content)}</code>`, isStruck);
				break;
			case "html_inline":
				html += `<code class="raw-html">${escapeText(content)}</code>`;
				break;
			default:
				html += emphasis[type] ?? strike(escapeText(content), isStruck);
		}
	});
	flush();
	return html;
}

/** Marks each piece by itself: struck-out text may start and end anywhere in other markup. */
function strike(html: string, isStruck: boolean): string {
	return isStruck && html !== "" ? `<del>${html}</del>` : html;
}

/** Renders an image, which is never loaded, as a note with its text and address. */
function imageNote(token: Token): string {
	const { address, title } = readTarget(token);
	const isRemote = /^([a-z][a-z0-9+.-]*:|\/\/)/i.test(address);
	const kind = isRemote ? "remote image" : "image";
	const alt = plainText(token.children ?? []);
	const label = [alt, title]
		.filter((text) => text !== "")
		.map((text) => ` “${text}”`)
		.join("");
	return note(`[${kind} blocked${label}: ${address || "no address"}]`);
}
