import type Token from "markdown-it/lib/token.mjs";
import {
	findExcess,
	followStruckOut,
	parseRunningText,
} from "../../../checklist/parse-running-text.ts";
import { plainText, readTarget } from "../../../checklist/plain-text.ts";
import { notRead } from "../../../checklist/unread.ts";
import { printable } from "./printable.ts";

/** Text in one style. */
export interface Run {
	text: string;
	bold?: true;
	italics?: true;
	decoration?: "lineThrough";
	background?: string;
	color?: string;
}

/** Returns the running text of a paragraph or heading. */
export function runsOfText(text: string, environment: object): Run[] {
	const tokens = parseRunningText(text, environment);
	const runs: Run[] = [];
	let bold = 0;
	let italics = 0;
	const links: { token: Token; from: number }[] = [];
	let index = -1;
	followStruckOut(tokens, (token, isStruck) => {
		index += 1;
		const { type, content } = token;
		const add = (text: string, marks: Omit<Run, "text"> = {}) => {
			if (text === "") return;
			const run: Run = { text: printable(text), ...marks };
			if (bold > 0) run.bold = true;
			if (italics > 0) run.italics = true;
			if (isStruck) run.decoration = "lineThrough";
			runs.push(run);
		};
		switch (type) {
			case "strong_open":
			case "strong_close":
				bold += token.nesting;
				break;
			case "em_open":
			case "em_close":
				italics += token.nesting;
				break;
			case "code_inline":
			case "html_inline":
				add(content, { background: "#eceff3" });
				break;
			case "softbreak":
			case "hardbreak":
				add("\n");
				break;
			case "link_open":
				links.push({ token, from: index });
				break;
			case "link_close": {
				const link = links.pop();
				if (!link) break;
				const shown = plainText(tokens.slice(link.from, index));
				add(describeTarget(link.token, shown), { color: "#4b5563" });
				break;
			}
			case "image": {
				const { address, title } = readTarget(token);
				const alt = plainText(token.children ?? []);
				const words = [alt, title, address].filter((word) => word !== "");
				add(`[image not loaded: ${words.join(" ")}]`, { italics: true });
				break;
			}
			default:
				add(content);
		}
	});
	return runs;
}

/** Returns the running text of a cell; unparsed if it is too long or complex to read. */
export function runsOfCell(text: string, environment: object): Run[] {
	const excess = findExcess(text);
	return excess
		? [{ text: printable(`(${notRead(excess)}: ${text})`), italics: true }]
		: runsOfText(text, environment);
}

function describeTarget(link: Token, shown: string): string {
	const { address, title } = readTarget(link);
	const where = [
		address === shown ? "" : address,
		title === "" ? "" : `“${title}”`,
	].filter((word) => word !== "");
	return where.length === 0 ? "" : ` (${where.join(" ")})`;
}
