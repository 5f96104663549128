import { hiddenCharacter } from "../../core/hidden-characters.ts";

/** Maximum length of a stored client name, in characters. */
const KEPT = 200;

/** Characters examined: enough to fill the maximum, unless nearly all of them are hidden. */
const LOOKED_AT = 2_000;

/**
 * Returns a program's name for itself in a form fit to be stored and shown: one
 * line of at most 200 characters, without control, bidirectional or zero-width
 * characters.
 *
 * @param given a `User-Agent`, or an MCP client's name and version
 * @returns `null` if nothing is left of it
 */
export function clientName(given: string | undefined): string | null {
	const plain = (given ?? "")
		.slice(0, LOOKED_AT)
		.toWellFormed()
		.replace(/\s+/g, " ")
		.replace(hiddenCharacter, "")
		.trim();
	return [...plain].slice(0, KEPT).join("").trim() || null;
}
