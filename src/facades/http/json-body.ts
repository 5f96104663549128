import type { Readable } from "node:stream";
import { errorCodes, type FastifyInstance, type FastifyRequest } from "fastify";
import { SMALL_BODY } from "../../core/body-limits.ts";
import { Refusal } from "../../core/errors.ts";
import { type Parsed, parseJson, restoreTexts } from "../../core/json-parse.ts";
import type { Wanted } from "../../core/json-pick.ts";
import type { UnfinishedBodies } from "./limits/unfinished-bodies.ts";
import { receiveBody } from "./receive-body.ts";

declare module "fastify" {
	interface FastifyContextConfig {
		/** What of a large body of the route is of use. */
		wanted?: Wanted;
	}
}

/** What a way in has to say about its bodies. */
export interface BodyRules {
	/** Bytes that the body of a request may have. */
	limitOf(request: FastifyRequest): number;
	/** What of a large body is of use. */
	wantedOf(request: FastifyRequest): Wanted | undefined;
	/** Whether a body may be empty: no input at all. */
	mayBeEmpty?: boolean;
	/**
	 * Whether a body is JSON although it is labelled as a form, as curl labels
	 * what it is not told about; but for a method by which any page can send one.
	 */
	mayBeLabelledForm?: boolean;
}

/** Has bodies read that promise JSON. */
export interface JsonBodies {
	/** Has a scope's bodies read, in place of what reads those of the scope around it. */
	readIn(scope: FastifyInstance, rules: BodyRules): void;
}

/**
 * Opens what reads JSON on every way in: within the limits, as `parseJson` says,
 * and a large body in another process.
 *
 * @param parseLarge `parseJson` in another process, in the sender's turn
 */
export function openJsonBodies(
	bodies: UnfinishedBodies,
	parseLarge: (
		request: FastifyRequest,
		bytes: Buffer,
		wanted: Wanted | undefined,
	) => Promise<Parsed>,
): JsonBodies {
	return {
		readIn(scope, { limitOf, wantedOf, mayBeEmpty, mayBeLabelledForm }) {
			const read = (request: FastifyRequest, payload: Readable) =>
				receiveBody(
					request,
					payload,
					limitOf(request),
					bodies,
					async (bytes) => {
						if (bytes.length === 0) {
							if (mayBeEmpty) return undefined;
							throw refused(EMPTY);
						}
						const wanted = wantedOf(request);
						const parsed =
							bytes.length <= SMALL_BODY
								? parseJson(bytes, wanted)
								: await parseLarge(request, bytes, wanted);
						if ("code" in parsed) throw refused(parsed.message, parsed.code);
						return restoreTexts(parsed);
					},
				);
			scope.removeContentTypeParser("application/json");
			scope.addContentTypeParser("application/json", read);
			if (!mayBeLabelledForm) return;
			scope.addContentTypeParser(
				FORM,
				async (request: FastifyRequest, payload: Readable) => {
					if (simpleMethods.has(request.method)) {
						throw new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(FORM);
					}
					return read(request, payload);
				},
			);
		},
	};
}

const FORM = "application/x-www-form-urlencoded";

/** Methods that a browser sends for any page without asking first (Fetch, "CORS-safelisted method"). */
const simpleMethods = new Set(["GET", "HEAD", "POST"]);

const EMPTY = "The request body is empty, but its Content-Type promises JSON.";

function refused(
	message: string,
	code: "BAD_REQUEST" | "PAYLOAD_TOO_LARGE" = "BAD_REQUEST",
): Refusal {
	return new Refusal(code, message);
}
