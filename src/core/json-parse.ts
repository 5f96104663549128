import { SMALL_BODY } from "./body-limits.ts";
import { INVALID_JSON } from "./errors.ts";
import { type KeptText, pickWanted, type Wanted } from "./json-pick.ts";
import { holdsReservedKey, RESERVED_KEY } from "./json-reserved.ts";
import { scanJson, type Unreadable } from "./json-scan.ts";
import { JsonText } from "./json-text.ts";

/** What a body holds, or why it is not read: all of it fit to be handed from one process to another. */
export type Parsed = { value: unknown; texts: KeptText[] } | Unreadable;

/**
 * Parses a body that should be JSON. From a body over 64 KiB it keeps only what is wanted, and the
 * caller's own JSON as text: what is not built on the event loop does not block it.
 */
export function parseJson(bytes: Buffer, wanted: Wanted | undefined): Parsed {
	const refusal = scanJson(bytes);
	if (refusal) return refusal;
	const text = bytes.toString();
	let value: unknown;
	try {
		value = JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text);
	} catch {
		return { code: "BAD_REQUEST", message: INVALID_JSON };
	}
	if (mayHoldReservedKey.test(text) && holdsReservedKey(value)) {
		return { code: "BAD_REQUEST", message: RESERVED_KEY };
	}
	if (bytes.length <= SMALL_BODY || !wanted) return { value, texts: [] };
	return pickWanted(value, wanted);
}

/** Puts the texts that `parseJson` kept back in their places. */
export function restoreTexts({
	value,
	texts,
}: Exclude<Parsed, Unreadable>): unknown {
	for (const { path, text, problem } of texts) {
		const last = path.at(-1) ?? "";
		let place = value as Record<string | number, unknown>;
		for (const step of path.slice(0, -1)) place = place[step] as typeof place;
		place[last] = new JsonText(text, problem);
	}
	return value;
}

/** Matches escaped keys as well, as in `"\u005f_proto__"`. */
const mayHoldReservedKey = /__proto__|"constructor"|\\u00/;
