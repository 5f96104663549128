import type { DocumentBlock } from "../../../checklist/document.ts";
import { parseRunningText } from "../../../checklist/parse-running-text.ts";
import { plainText } from "../../../checklist/plain-text.ts";
import { hiddenCharacter } from "../../../core/hidden-characters.ts";
import { ID_PREFIX } from "./links.ts";

/** A heading's text without markup, and the id by which links in the report refer to it. */
export interface Heading {
	depth: number;
	text: string;
	id: string;
}

/** Characters of a heading that go into its id. */
const LONGEST_ID = 200;

/** Maximum number of headings with an id. Others can still be reached by their line. */
const MAX_HEADINGS = 2_000;

/** Returns the headings of a report in order. */
export function collectHeadings(
	blocks: DocumentBlock[],
	environment: object,
): Map<DocumentBlock, Heading> {
	const headings = new Map<DocumentBlock, Heading>();
	const seen = new Map<string, number>();
	const collect = (blocks: DocumentBlock[]) => {
		for (const block of blocks) {
			if (block.type === "quote") collect(block.blocks);
			else if (block.type === "list")
				for (const item of block.items) collect(item.blocks);
			else if (block.type === "heading" && headings.size < MAX_HEADINGS) {
				const { depth } = block;
				const text = plainText(parseRunningText(block.text, environment));
				headings.set(block, { depth, text, id: makeId(text, seen) });
			}
		}
	};
	collect(blocks);
	return headings;
}

/** Makes an id as GitHub does: visible letters, digits, `-` and `_`; a number distinguishes equal names. */
function makeId(text: string, seen: Map<string, number>): string {
	const name = text
		.slice(0, LONGEST_ID)
		.replace(hiddenCharacter, "")
		.toLowerCase()
		.replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "")
		.replaceAll(" ", "-");
	let id = name;
	let count = seen.get(name) ?? 0;
	for (; seen.has(id); id = `${name}-${count}`) count += 1;
	seen.set(name, count);
	if (id !== name) seen.set(id, 0);
	return ID_PREFIX + id;
}
