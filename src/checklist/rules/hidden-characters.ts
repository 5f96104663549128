import {
	hiddenCharacter,
	isHarmless,
	nameCharacter,
} from "../../core/hidden-characters.ts";
import { type Draft, findingsPerRule } from "../reading.ts";

/** Maximum number of characters that a finding names. */
const namesPerLine = 5;
/**
 * Finds invisible characters, line by line. Emoji made of several characters and a byte order mark at the beginning
 * are left alone.
 *
 * @param text A report with line feeds at the ends of its lines.
 */
export function findHiddenCharacters(text: string): Draft[] {
	const listed: { line: number; characters: string[] }[] = [];
	const hidden = new RegExp(hiddenCharacter);
	let more = 0;
	let line = 1;
	let end = text.indexOf("\n");
	for (let match = hidden.exec(text); match; match = hidden.exec(text)) {
		const { 0: character, index } = match;
		// The first character of a report may be a byte order mark.
		if (index === 0 && character === "\uFEFF") continue;
		if (isHarmless(text, index, character)) continue;
		while (end >= 0 && end < index) {
			line += 1;
			end = text.indexOf("\n", end + 1);
		}
		const last = listed.at(-1);
		if (last?.line === line) {
			if (
				last.characters.length < namesPerLine &&
				!last.characters.includes(character)
			)
				last.characters.push(character);
		} else if (listed.length < findingsPerRule)
			listed.push({ line, characters: [character] });
		else {
			// Lines that are not listed are only counted.
			more += 1;
			hidden.lastIndex = end < 0 ? text.length : end;
		}
	}
	const drafts = listed.map(describe);
	const [first] = drafts;
	return first && more > 0
		? drafts.concat(new Array<Draft>(more).fill(first))
		: drafts;
}

function describe({
	line,
	characters,
}: {
	line: number;
	characters: string[];
}): Draft {
	const names = characters.map(nameCharacter).join(", ");
	return {
		rule: "invisible-characters",
		line,
		message: `The line has invisible characters: ${names}.`,
	};
}
