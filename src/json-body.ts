import { isUtf8 } from "node:buffer";
import { TRPCError } from "@trpc/server";
import type { FastifyInstance, FastifyRequest } from "fastify";

/**
 * Reads JSON as Fastify does, but refuses bytes that are no UTF-8: decoding
 * would replace them, and a report is stored exactly as sent.
 */
export function readJson(app: FastifyInstance): void {
	const parse = app.getDefaultJsonParser("error", "error");
	app.removeContentTypeParser("application/json");
	app.addContentTypeParser(
		"application/json",
		{ parseAs: "buffer" },
		async (request: FastifyRequest, body: Buffer) => {
			const text = readUtf8(body);
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
 * The text of a body.
 *
 * @throws TRPCError BAD_REQUEST when the bytes are no UTF-8
 */
export function readUtf8(body: Buffer): string {
	if (isUtf8(body)) return body.toString();
	throw new TRPCError({
		code: "BAD_REQUEST",
		message:
			"The request body is not valid UTF-8. Save the report as UTF-8 and send it again.",
	});
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
