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

/** Escapes text of a report as markup that is nothing but text; invisible characters are written out. */
export function escapeText(text: string): string {
	return showHidden(escapeMarkup(text));
}

/** Escapes the value of an attribute in the same way. */
export function escapeAttribute(text: string): string {
	return escapeMarkup(visibleText(text));
}

/** Writes out invisible characters in the text of markup. Its tags must not contain any. */
export function showHidden(markup: string): string {
	if (markup.search(hiddenCharacter) < 0) return markup;
	return splitHidden(markup)
		.map(({ text, isHidden }) =>
			isHidden ? `<span class="hidden-char">${text}</span>` : text,
		)
		.join("");
}

/** Renders a note by the service itself within a report's text. */
export function note(text: string): string {
	return `<span class="blocked">${escapeText(text)}</span>`;
}
