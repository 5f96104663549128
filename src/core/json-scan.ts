import { isUtf8 } from "node:buffer";

/**
 * Maximum nesting of arrays and objects in a body: the 100 levels that structured data may have,
 * and room for what a façade wraps around it.
 */
const MAX_DEPTH = 128;

/**
 * Maximum number of values and names in a body: once built, each takes hundreds of times its bytes.
 */
const MAX_NODES = 100_000;

/** Why bytes that promise JSON are not parsed. */
export interface Unreadable {
	code: "BAD_REQUEST" | "PAYLOAD_TOO_LARGE";
	/** A message for the sender. */
	message: string;
}

/**
 * Checks bytes that should be JSON before anything is built from them: they must be UTF-8 (decoding
 * would replace invalid bytes, and a report is stored exactly as sent), nested up to 128 levels,
 * and contain up to 100,000 values. Takes linear time.
 *
 * For bytes that are not JSON any result is possible: the parser decides.
 */
export function scanJson(json: Buffer): Unreadable | undefined {
	if (!isUtf8(json)) {
		return {
			code: "BAD_REQUEST",
			message:
				"The request body is not valid UTF-8. Save the report as UTF-8 and send it again.",
		};
	}
	return scanStructure(json, "The request body");
}

const [QUOTE, BACKSLASH, COMMA, COLON] = Buffer.from('"\\,:');
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] =
	Buffer.from("[]{}");

/**
 * The same check for JSON inside JSON, in a text.
 *
 * @param what names the text at the beginning of a sentence
 */
export function scanStructure(
	json: Buffer,
	what: string,
): Unreadable | undefined {
	let depth = 0;
	let nodes = 0;
	let isInString = false;
	for (let index = 0; index < json.length; index++) {
		const byte = json[index];
		if (isInString) {
			if (byte === BACKSLASH) index++;
			else if (byte === QUOTE) isInString = false;
		} else if (byte === QUOTE) {
			isInString = true;
		} else if (byte === COMMA || byte === COLON) {
			if (++nodes > MAX_NODES) return tooMany(what);
		} else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
			if (++depth > MAX_DEPTH) return tooDeep(what);
			if (++nodes > MAX_NODES) return tooMany(what);
		} else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
			depth--;
		}
	}
	return undefined;
}

/** Counts the values and names in JSON, as the limit counts them. */
export function countNodes(json: Buffer): number {
	let nodes = 0;
	let isInString = false;
	for (let index = 0; index < json.length; index++) {
		const byte = json[index];
		if (isInString) {
			if (byte === BACKSLASH) index++;
			else if (byte === QUOTE) isInString = false;
		} else if (byte === QUOTE) {
			isInString = true;
		} else if (
			byte === COMMA ||
			byte === COLON ||
			byte === OPEN_ARRAY ||
			byte === OPEN_OBJECT
		) {
			nodes++;
		}
	}
	return nodes;
}

function tooDeep(what: string): Unreadable {
	return {
		code: "BAD_REQUEST",
		message: `${what} is nested deeper than ${MAX_DEPTH} levels.`,
	};
}

function tooMany(what: string): Unreadable {
	return {
		code: "PAYLOAD_TOO_LARGE",
		message: `${what} contains more than ${MAX_NODES} values and names. Leave out what the report does not need.`,
	};
}
