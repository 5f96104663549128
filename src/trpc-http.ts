import { getTRPCErrorShape, TRPCError } from "@trpc/server";
import { resolveResponse } from "@trpc/server/http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readJsonText } from "./json-body.ts";
import { challengeHeader, publicError, reportError } from "./public-error.ts";
import { refuseStrangers } from "./rest.ts";
import { appRouter } from "./router.ts";
import { sendResponse } from "./send-response.ts";
import type { ContextFor } from "./trpc.ts";

/** Calls in one batch; more would be many requests in the guise of one. */
const MAX_BATCH_SIZE = 50;

/**
 * Mounts tRPC over HTTP at `/trpc`: the library's own protocol, without its
 * Fastify adapter, which makes a whole fetch request out of every request and
 * a stream out of every answer.
 *
 * @param contextFor who is asking, and with what
 */
export function mountTrpc(app: FastifyInstance, contextFor: ContextFor): void {
	// In a scope of its own: the library parses the body by itself.
	app.register(async (scope) => {
		scope.setErrorHandler(sendError);
		scope.removeContentTypeParser("application/json");
		scope.addContentTypeParser(
			"application/json",
			{ parseAs: "buffer" },
			async (_request: FastifyRequest, body: Buffer) => readJsonText(body),
		);
		// Every mutation asks who calls it, and only they come with a body.
		scope.addHook("onRequest", async (request) => {
			if (request.method === "POST") await refuseStrangers(request);
		});
		scope.all<{ Params: { path: string } }>("/trpc/:path", (request, reply) =>
			answer(request, reply, contextFor),
		);
	});
}

async function answer(
	request: FastifyRequest<{ Params: { path: string } }>,
	reply: FastifyReply,
	contextFor: ContextFor,
): Promise<FastifyReply> {
	const calls = request.params.path.split(",").length;
	if (calls > MAX_BATCH_SIZE) {
		throw new TRPCError({
			code: "BAD_REQUEST",
			message: `A batch holds up to ${MAX_BATCH_SIZE} calls, and this one has ${calls}. Send several batches; httpBatchLink does so with maxItems: ${MAX_BATCH_SIZE}.`,
		});
	}
	const response = await resolveResponse({
		router: appRouter,
		req: asFetchRequest(request),
		path: request.params.path,
		error: null,
		// However its commas are written.
		maxBatchSize: MAX_BATCH_SIZE,
		createContext: async () => contextFor(request as FastifyRequest, "trpc"),
		onError: ({ error }: { error: TRPCError }) => {
			reportError(error, request.log);
		},
		responseMeta: ({ errors }: { errors: TRPCError[] }) => {
			const shown = errors.map(publicError);
			const { retryAfter } = shown.find((error) => error.retryAfter) ?? {};
			const { challenge } =
				shown.find((error) => error.challenge !== undefined) ?? {};
			return {
				headers: {
					...(retryAfter && { "retry-after": String(retryAfter) }),
					...(challenge !== undefined && {
						"www-authenticate": challengeHeader(challenge),
					}),
				},
			};
		},
	});
	return sendResponse(response, reply);
}

/** A request that no procedure was reached with, in the shape of tRPC's own errors. */
function sendError(
	error: unknown,
	request: FastifyRequest,
	reply: FastifyReply,
): FastifyReply {
	const { code, status, detail, retryAfter, challenge } = reportError(
		error,
		request.log,
	);
	if (retryAfter) reply.header("retry-after", String(retryAfter));
	if (challenge !== undefined) {
		reply.header("www-authenticate", challengeHeader(challenge));
	}
	const shape = getTRPCErrorShape({
		config: appRouter._def._config,
		error: new TRPCError({
			code,
			message: detail,
			cause: Object.assign(new Error(detail), { status }),
		}),
		type: "unknown",
		path: undefined,
		input: undefined,
		ctx: undefined,
	});
	shape.data.request_id = request.id;
	return reply.code(status).send({ error: shape });
}

/** What the library reads of a fetch request. */
function asFetchRequest(request: FastifyRequest): Request {
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
		text: async () => (request.body as string | undefined) ?? "",
	} as unknown as Request;
}
