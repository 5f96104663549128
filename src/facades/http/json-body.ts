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
		/** The parts of a large body that the route uses. */
		wanted?: Wanted;
	}
}

/** How a façade treats its request bodies. */
export interface BodyRules {
	/** Maximum size of the request's body, in bytes. */
	limitOf(request: FastifyRequest): number;
	/** The parts of a large body that are used. */
	wantedOf(request: FastifyRequest): Wanted | undefined;
	/** Whether a body may be empty, meaning no input at all. */
	mayBeEmpty?: boolean;
	/**
	 * Whether a JSON body may be labelled as a form, which is what curl does by
	 * default; but never for a method by which any web page can send a form.
	 */
	mayBeLabelledForm?: boolean;
}

/** Reads the bodies of requests that declare JSON. */
export interface JsonBodies {
	/** Makes a scope read its bodies this way, instead of the way its parent scope does. */
	readIn(scope: FastifyInstance, rules: BodyRules): void;
}

/**
 * Creates the JSON body reader of every façade: within the limits, as
 * `parseJson` describes, and a large body in another process.
 *
 * @param parseLarge `parseJson` in another process, queued by sender
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

/** Methods that a browser sends from any page without a preflight (Fetch, "CORS-safelisted method"). */
const simpleMethods = new Set(["GET", "HEAD", "POST"]);

const EMPTY = "The request body is empty, but its Content-Type is JSON.";

function refused(
	message: string,
	code: "BAD_REQUEST" | "PAYLOAD_TOO_LARGE" = "BAD_REQUEST",
): Refusal {
	return new Refusal(code, message);
}
