import { getTRPCErrorShape, type TRPCError } from "@trpc/server";
import { resolveResponse } from "@trpc/server/http";
import {
	errorCodes,
	type FastifyInstance,
	type FastifyReply,
	type FastifyRequest,
} from "fastify";
import { answerBudget } from "../../core/body-limits.ts";
import { Refusal } from "../../core/errors.ts";
import { batchTooLong, MAX_CALLS, type Wanted } from "../../core/json-pick.ts";
import {
	errorHeaders,
	publicError,
	reportError,
} from "../../core/public-error.ts";
import type { ContextFor } from "../../procedure.ts";
import { appRouter } from "../../router.ts";
import type { JsonBodies } from "../http/json-body.ts";
import type { RateLimits } from "../http/limits/rate-limit.ts";
import { bodyLimitFor, wantedOfProcedure } from "../http/procedure-inputs.ts";
import { refuseOtherMethods, refuseStrangers } from "../http/route-refusals.ts";
import { sendResponse } from "../http/send-response.ts";
import { carryJson } from "./trpc-json.ts";

/**
 * Mounts tRPC over HTTP at `/trpc`: the library's own protocol without its
 * Fastify adapter, which turns every request into a full fetch request and
 * every answer into a stream.
 *
 * @param contextFor returns the caller and the services of a request
 */
export function mountTrpc(
	app: FastifyInstance,
	contextFor: ContextFor,
	json: JsonBodies,
	limits: RateLimits,
): void {
	app.register(async (scope) => {
		scope.setErrorHandler(sendError);
		json.readIn(scope, {
			limitOf: (request) => bodyLimitFor(wantedOf(request).calls),
			wantedOf,
			mayBeEmpty: true,
		});
		scope.addHook("onRequest", async (request, reply) => {
			const calls = pathsOf(request).length;
			if (calls > MAX_CALLS) throw batchTooLong();
			await limits.countBatch(request, reply, calls);
			// Every mutation needs a signed-in caller, and only mutations have a body.
			if (request.method === "POST") await refuseStrangers(request);
		});
		scope.route<{ Params: { path: string } }>({
			method: [...methods],
			url: "/trpc/:path",
			handler: (request, reply) => answer(request, reply, contextFor),
		});
		refuseOtherMethods(scope, "/trpc/:path", [...methods]);
	});
}

const methods = ["GET", "HEAD", "POST"] as const;

/** Returns the procedures that a request names, however their commas are written. */
function pathsOf({ params }: FastifyRequest): string[] {
	const { path } = params as { path: string };
	try {
		return decodeURIComponent(path).split(",");
	} catch {
		return [path];
	}
}

function wantedOf(request: FastifyRequest): Extract<Wanted, { as: "calls" }> {
	const { batch } = request.query as { batch?: string };
	const calls = pathsOf(request).map(wantedOfProcedure);
	return { as: "calls", calls, isBatch: batch === "1" };
}

async function answer(
	request: FastifyRequest<{ Params: { path: string } }>,
	reply: FastifyReply,
	contextFor: ContextFor,
): Promise<FastifyReply> {
	// The library reports this as plain text, in words of its own.
	if (request.method === "POST" && !request.headers["content-type"]) {
		throw new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE("");
	}
	const { text, transformer, restore } = carryJson(request);
	const { _config } = appRouter._def;
	const context = contextFor(request as FastifyRequest, "trpc");
	const response = await resolveResponse({
		router: {
			...appRouter,
			_def: {
				...appRouter._def,
				_config: {
					..._config,
					transformer,
					// Also for errors that occur before the context exists.
					errorFormatter: (of: Parameters<typeof _config.errorFormatter>[0]) =>
						_config.errorFormatter({ ...of, ctx: of.ctx ?? context }),
				},
			},
		},
		req: asFetchRequest(request, text),
		path: request.params.path,
		error: null,
		createContext: async () => ({
			...context,
			...(request.params.path.includes(",") && { budget: answerBudget() }),
		}),
		onError: ({ error }: { error: TRPCError }) => {
			reportError(error, request.log);
		},
		responseMeta: ({ errors }: { errors: TRPCError[] }) => {
			const shown = errors.map(publicError);
			const { retryAfter } = shown.find((error) => error.retryAfter) ?? {};
			const { challenge } =
				shown.find((error) => error.challenge !== undefined) ?? {};
			const isMethod = shown.some(({ status }) => status === 405);
			return {
				headers: {
					...(isMethod && {
						allow: request.method === "POST" ? "GET, HEAD" : "POST",
					}),
					...errorHeaders({ retryAfter, challenge }),
				},
			};
		},
	});
	return sendResponse(response, reply, restore);
}

/** Sends an error for a request that reached no procedure, in the shape of tRPC's own errors. */
function sendError(
	error: unknown,
	request: FastifyRequest,
	reply: FastifyReply,
): FastifyReply {
	const shown = reportError(error, request.log);
	const { code, status, detail } = shown;
	const shape = getTRPCErrorShape({
		config: appRouter._def._config,
		error: new Refusal(code, detail, { status }),
		type: "unknown",
		path: undefined,
		input: undefined,
		ctx: undefined,
	});
	shape.data.request_id = request.id;
	return reply.code(status).headers(errorHeaders(shown)).send({ error: shape });
}

/** Returns what the library reads of a fetch request. */
function asFetchRequest(request: FastifyRequest, text: string): Request {
	const aborted = new AbortController();
	request.raw.on("close", () => {
		if (!request.raw.complete) aborted.abort();
	});
	const { headers } = request;
	const header = (name: string) => {
		const value = headers[name.toLowerCase()];
		return Array.isArray(value) ? value.join(", ") : (value ?? null);
	};
	return {
		method: request.method,
		// Only its query is read.
		url: `http://localhost${request.url}`,
		headers: { get: header, has: (name: string) => header(name) !== null },
		signal: aborted.signal,
		text: async () => text,
	} as unknown as Request;
}
