import { allChecks } from "./checklist.ts";

/** The check that an id stands for, and the id's length in the text, in characters. */
type Id = { entry: (typeof allChecks)[number] | undefined; length: number };

const byId = new Map(allChecks.map((entry) => [entry.check.id, entry]));
const leadingId =
	/^[^\p{L}\p{N}]*(SEC|POL|INF|AUTH|OBS|VER)\s?[-‐‑–_. ]?\s?0?(\d{1,2})(?!\d)/iu;

/**
 * Returns the text without the check's id and title at its start, or undefined if it does not begin with an id.
 */
export function dropIdAndTitle(text: string): string | undefined {
	const { entry, length } = readId(text);
	if (!entry) return undefined;
	const rest = text.slice(length).replace(/^[\s:.–—-]+/u, "");
	const { title } = entry.check;
	const start = rest.slice(0, title.length);
	return start.length === title.length &&
		start.toLowerCase().startsWith(title.toLowerCase())
		? rest.slice(title.length).replace(/^[\s:.–—-]+/u, "")
		: rest;
}

/** Returns the check whose id a text begins with, and the length of the id in the text. */
export function readId(text: string): Id {
	if (text !== last.text) {
		const match = leadingId.exec(text);
		const id = match && `${match[1]?.toUpperCase()}-${Number(match[2])}`;
		last = {
			text,
			entry: id ? byId.get(id) : undefined,
			length: match?.[0].length ?? 0,
		};
	}
	return last;
}

/** The id of the same text is read twice in a row. */
let last: Id & { text: string } = { text: "", entry: undefined, length: 0 };
