import { html } from "hono/html";
import {
	hiddenCharacters,
	nameCharacter,
} from "../../../core/hidden-characters.ts";
import { repositoryKey } from "../../../core/repository.ts";
import type { ReportSummary } from "../../../features/reports/schema.ts";
import type { Html } from "../page.ts";

/**
 * Renders text from somebody else as one run with its own direction, with every
 * invisible character written out.
 */
export function foreignText(text: string): Html {
	return html`<bdi>${splitHidden(text).map(foreignPart)}</bdi>`;
}

/** Renders a part of such a text, as `splitHidden` cuts it. */
export function foreignPart({ text, isHidden }: TextPart): Html {
	return isHidden
		? html`<span class="hidden-char">${text}</span>`
		: html`${text}`;
}

/** Returns the same as plain text, for places such as a title. */
export function visibleText(text: string): string {
	return splitHidden(text)
		.map(({ text, isHidden }) => (isHidden ? `[${text}]` : text))
		.join("");
}

/** A stretch of visible text, or the name of an invisible character. */
interface TextPart {
	text: string;
	isHidden: boolean;
}

/** Splits a text at its hidden characters, which are given by their Unicode names. */
export function splitHidden(text: string): TextPart[] {
	return [...hiddenParts(text)];
}

/** Maximum number of hidden characters written out by name: in a text, and in one run. */
const MOST_NAMED = 20_000;
const MOST_IN_RUN = 50;

/** Shown instead of the others: a name takes sixty times the room of its character. */
const UNNAMED = "\u25af";

/**
 * Yields the same part by part, since a long text may have very many. Beyond
 * the first twenty thousand hidden characters, and fifty in one place, each
 * becomes a box.
 */
export function* hiddenParts(text: string): Generator<TextPart> {
	let start = 0;
	let named = 0;
	let run = 0;
	for (const { index, character } of hiddenCharacters(text)) {
		run = index === start && start > 0 ? run + 1 : 1;
		if (index > start) {
			yield { text: text.slice(start, index), isHidden: false };
		}
		yield named < MOST_NAMED && run <= MOST_IN_RUN
			? { text: nameCharacter(character), isHidden: true }
			: { text: UNNAMED, isHidden: false };
		named += 1;
		start = index + character.length;
	}
	if (start < text.length) {
		yield { text: text.slice(start), isHidden: false };
	}
}

/** Where a server's code is. */
type Place = Pick<ReportSummary, "repository_url" | "subfolder">;

/** Renders a repository as host and path, linked if a browser can open it, with the server's folder in it. */
export function repositoryLink({
	repository_url: url,
	subfolder,
}: Place): Html {
	const name = foreignText(url.replace(/^https?:\/\//i, ""));
	const link = /^https?:\/\//i.test(url)
		? html`<a href="${url}" target="_blank" rel="noopener noreferrer nofollow">${name}</a>`
		: name;
	return subfolder === null
		? link
		: html`${link}, folder ${foreignText(subfolder)}`;
}

/**
 * Renders a repository in a row with little room: its identifying part as text,
 * with the server's folder in it.
 */
export function repositoryName({
	repository_url: url,
	subfolder,
}: Place): Html {
	const name = foreignText(repositoryKey(url) ?? url);
	return subfolder === null ? name : html`${name} · ${foreignText(subfolder)}`;
}

/** Returns text such as `1 error` or `2 errors`. */
export function countOf(count: number, noun: string): string {
	return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
