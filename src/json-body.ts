import { isUtf8 } from "node:buffer";
import { TRPCError } from "@trpc/server";
import type { FastifyInstance, FastifyRequest } from "fastify";

/**
 * Levels of arrays and objects in a body: the 100 that structured data may
 * have, and room for what a façade wraps around it.
 */
const MAX_DEPTH = 128;

/**
 * Reads JSON as Fastify does, but refuses bytes that are no UTF-8 (decoding
 * would replace them, and a report is stored exactly as sent), and what is
 * nested too deeply, before anything is built of it.
 */
export function readJson(app: FastifyInstance): void {
	const parse = app.getDefaultJsonParser("error", "error");
	app.removeContentTypeParser("application/json");
	app.addContentTypeParser(
		"application/json",
		{ parseAs: "buffer" },
		async (request: FastifyRequest, body: Buffer) => {
			const text = readJsonText(body);
			return new Promise((resolve, reject) => {
				parse(request, text, (error, value) => {
					if (!error) return resolve(value);
					reject(isJson(text) ? reservedKey() : error);
				});
			});
		},
	);
}

/**
 * The text of a body that promises JSON.
 *
 * @throws TRPCError BAD_REQUEST when the bytes are no UTF-8, or nested too deeply
 */
export function readJsonText(body: Buffer): string {
	if (!isUtf8(body)) {
		throw new TRPCError({
			code: "BAD_REQUEST",
			message:
				"The request body is not valid UTF-8. Save the report as UTF-8 and send it again.",
		});
	}
	if (isDeeperThan(MAX_DEPTH, body)) {
		throw new TRPCError({
			code: "BAD_REQUEST",
			message: `The request body is nested deeper than ${MAX_DEPTH} levels.`,
		});
	}
	return body.toString();
}

const [QUOTE, BACKSLASH] = Buffer.from('"\\');
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] =
	Buffer.from("[]{}");

/** Of text that is no JSON it may say anything: parsing tells. */
function isDeeperThan(limit: number, json: Buffer): boolean {
	let depth = 0;
	let isInString = false;
	for (let index = 0; index < json.length; index++) {
		const byte = json[index];
		if (isInString) {
			if (byte === BACKSLASH) index++;
			else if (byte === QUOTE) isInString = false;
		} else if (byte === QUOTE) {
			isInString = true;
		} else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
			if (++depth > limit) return true;
		} else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
			depth--;
		}
	}
	return false;
}

function reservedKey(): TRPCError {
	return new TRPCError({
		code: "BAD_REQUEST",
		message:
			"The request body has a key that JavaScript reserves: __proto__, or prototype in constructor. Rename it.",
	});
}

function isJson(text: string): boolean {
	try {
		JSON.parse(text);
		return true;
	} catch {
		return false;
	}
}
