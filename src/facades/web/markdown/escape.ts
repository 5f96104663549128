import { hiddenCharacter } from "../../../core/hidden-characters.ts";
import { splitHidden, visibleText } from "../components/text.ts";

const special: Record<string, string> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"'": "&#39;",
};

function escapeMarkup(text: string): string {
	return text.replace(/[&<>"']/g, (character) => special[character] ?? "");
}

/** Text of a report as markup that is text and nothing else; characters that nobody would see are written out. */
export function escapeText(text: string): string {
	return showHidden(escapeMarkup(text));
}

/** The same for the value of an attribute. */
export function escapeAttribute(text: string): string {
	return escapeMarkup(visibleText(text));
}

/** Writes out the characters in a markup's text that nobody would see. No tag of it may have any. */
export function showHidden(markup: string): string {
	if (markup.search(hiddenCharacter) < 0) return markup;
	return splitHidden(markup)
		.map(({ text, isHidden }) =>
			isHidden ? `<span class="hidden-char">${text}</span>` : text,
		)
		.join("");
}

/** What the service itself says amid a report's text. */
export function note(text: string): string {
	return `<span class="blocked">${escapeText(text)}</span>`;
}
