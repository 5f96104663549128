import type { TRPCError } from "@trpc/server";
import { resolveResponse } from "@trpc/server/http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { challengeHeader, publicError, reportError } from "./errors.ts";
import { readUtf8 } from "./json-body.ts";
import { appRouter } from "./router.ts";
import type { ContextFor } from "./trpc.ts";

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
		scope.removeContentTypeParser("application/json");
		scope.addContentTypeParser(
			"application/json",
			{ parseAs: "buffer" },
			async (_request: FastifyRequest, body: Buffer) => readUtf8(body),
		);
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
	const response = await resolveResponse({
		router: appRouter,
		req: asFetchRequest(request),
		path: request.params.path,
		error: null,
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
	// An answer that is sent piece by piece stays a stream.
	if (response.headers.get("content-type") !== "application/json") {
		return reply.send(response);
	}
	response.headers.forEach((value, name) => {
		reply.header(name, value);
	});
	return reply.code(response.status).send(await response.text());
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
