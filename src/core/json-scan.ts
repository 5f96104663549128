import { isUtf8 } from "node:buffer";

/**
 * Levels of arrays and objects in a body: the 100 that structured data may
 * have, and room for what a façade wraps around it.
 */
const MAX_DEPTH = 128;

/** Values and names in a body: each takes hundreds of times its bytes once it is built. */
const MAX_NODES = 100_000;

/** Why bytes that promise JSON are not parsed. */
export interface Unreadable {
	code: "BAD_REQUEST" | "PAYLOAD_TOO_LARGE";
	/** Words for whoever sent them. */
	message: string;
}

/**
 * Looks over bytes that promise JSON before anything is built of them: they
 * must be UTF-8 (decoding would replace what is not, and a report is stored
 * exactly as sent), nested up to 128 levels, and hold up to 100,000 values.
 * Linear in their number.
 *
 * Of bytes that are no JSON it may say anything: parsing tells.
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
 * The same for JSON inside JSON, a text that holds some.
 *
 * @param what names it at the beginning of a sentence
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

/** How many values and names there are in JSON, counted as the limit counts them. */
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
		message: `${what} holds more than ${MAX_NODES} values and names. Leave out what the report does not need.`,
	};
}
