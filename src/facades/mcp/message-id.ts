import type { RequestId } from "@modelcontextprotocol/server";

const [QUOTE, BACKSLASH] = Buffer.from('"\\');
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] =
	Buffer.from("[]{}");

/** The longest id that is looked for, in bytes; the usual ones are numbers or UUIDs. */
const MAX_ID = 200;

/** A number, or a text up to its end, after a name and its colon. */
const idAfterName = /^\s*:\s*(-?\d{1,15}(?=[\s,}])|"(?:[^"\\]|\\.)*")/;

/**
 * Finds the id of a message that is refused before it is parsed, so that its sender, who waits for
 * that id, learns of it. Builds nothing from the message, and takes linear time.
 *
 * @returns null when there is none, or when it cannot be read
 */
export function findMessageId(json: Buffer): RequestId | null {
	let id: RequestId | null = null;
	let depth = 0;
	let isInObject = false;
	for (let index = 0; index < json.length; index++) {
		const byte = json[index];
		if (byte === QUOTE) {
			const start = index;
			for (index++; index < json.length && json[index] !== QUOTE; index++) {
				if (json[index] === BACKSLASH) index++;
			}
			const isName =
				depth === 1 && isInObject && json.toString("latin1", start, index + 1);
			if (isName === '"id"') id = readId(json.subarray(index + 1)) ?? id;
		} else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
			if (depth++ === 0) isInObject = byte === OPEN_OBJECT;
		} else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
			depth--;
		}
	}
	return id;
}

function readId(json: Buffer): RequestId | undefined {
	const [, id] = idAfterName.exec(json.toString("utf8", 0, MAX_ID)) ?? [];
	try {
		return id === undefined ? undefined : JSON.parse(id);
	} catch {
		return undefined;
	}
}
