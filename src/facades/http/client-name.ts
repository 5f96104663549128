import { hiddenCharacter } from "../../core/hidden-characters.ts";

/** Characters of a client's name that are kept. */
const KEPT = 200;

/** Characters of it that are looked at: enough to keep as many as that, unless next to all are hidden. */
const LOOKED_AT = 2_000;

/**
 * What a program calls itself, fit to be stored and shown: one line of at most
 * 200 characters, without control, bidirectional and zero-width ones.
 *
 * @param given a `User-Agent`, or an MCP client's name and version
 * @returns `null` where nothing is left of it
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
