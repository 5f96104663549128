import { diffLines, diffWordsWithSpace } from "diff";

/** A piece of a line: kept, removed or added. */
export interface DiffPart {
	text: string;
	kind: "same" | "removed" | "added";
}

/** A stretch of two texts: unchanged lines, or lines that changed word by word. */
export type DiffBlock =
	| { type: "same"; lines: string[] }
	| { type: "changed"; parts: DiffPart[] };

/** Milliseconds after which one word-by-word comparison gives up and shows whole lines. */
const WORDS_TIME_LIMIT = 500;

/**
 * Compares two texts: first by lines, then word by word where lines changed.
 *
 * @returns blocks in order; together they hold both texts completely
 */
export function compareTexts(before: string, after: string): DiffBlock[] {
	const blocks: DiffBlock[] = [];
	const changes = diffLines(before, after);
	for (let index = 0; index < changes.length; index++) {
		const change = changes[index];
		if (!change) break;
		if (!change.added && !change.removed) {
			blocks.push({
				type: "same",
				lines: change.value.replace(/\n$/, "").split("\n"),
			});
			continue;
		}
		const next = changes[index + 1];
		const isPair = change.removed && next?.added;
		blocks.push({
			type: "changed",
			parts: isPair
				? compareWords(change.value, next.value)
				: [{ text: change.value, kind: change.added ? "added" : "removed" }],
		});
		if (isPair) index += 1;
	}
	return blocks;
}

function compareWords(before: string, after: string): DiffPart[] {
	const words = diffWordsWithSpace(before, after, {
		timeout: WORDS_TIME_LIMIT,
	});
	if (!words) {
		return [
			{ text: before, kind: "removed" },
			{ text: after, kind: "added" },
		];
	}
	return words.map(({ value, added, removed }) => ({
		text: value,
		kind: added ? "added" : removed ? "removed" : "same",
	}));
}
