import {
	createMcpHandler,
	isLegacyRequest,
	type McpServer,
	type Server,
	WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { recordRefusal } from "../../audit/refusals.ts";
import { answerBudget, REPORT_BODY } from "../../core/body-limits.ts";
import type { Config } from "../../core/config.ts";
import { notAcceptable, Refusal, recordedWords } from "../../core/errors.ts";
import { batchTooLong, MAX_CALLS } from "../../core/json-pick.ts";
import { errorHeaders, reportError } from "../../core/public-error.ts";
import type { Identity } from "../../identity/identity.ts";
import type { Context, ContextFor } from "../../procedure.ts";
import { qualityOf } from "../http/accept.ts";
import type { JsonBodies } from "../http/json-body.ts";
import type { RateLimits } from "../http/limits/rate-limit.ts";
import { refuseStrangers } from "../http/route-refusals.ts";
import { sendResponse } from "../http/send-response.ts";
import { findForbidden, type ScopeSettings, scopesToAsk } from "./access.ts";
import { buildMcpServer } from "./build-server.ts";
import { wanted, withShortUris } from "./messages.ts";
import { METADATA_PATH } from "./protected-resource.ts";
import type { Streams } from "./streams.ts";

/** What keeps requests to `/mcp` within their limits. */
export interface Keepers {
	json: JsonBodies;
	limits: RateLimits;
	streams: Streams;
}

/**
 * Mounts `POST /mcp`: one stateless endpoint for every protocol version the SDK
 * serves, with a new MCP server per request.
 *
 * @param contextFor returns the caller and the services of a request
 * @param config where callers without credentials are sent to sign in, and for
 *   which scopes
 */
export function mountMcp(
	app: FastifyInstance,
	contextFor: ContextFor,
	config: Pick<Config, "PUBLIC_URL"> & ScopeSettings,
	{ json, limits, streams }: Keepers,
): void {
	const calls = new WeakMap<Request, { context: Context; message: unknown }>();
	const handler = createMcpHandler(
		({ requestInfo }) => {
			const call = requestInfo && calls.get(requestInfo);
			if (!call) throw new Error("an MCP request came without its context");
			return buildMcpServer(call.context, call);
		},
		{
			onerror: (error) => app.log.debug({ err: error }, "MCP request refused"),
		},
	);
	// Open streams would keep the service from closing.
	app.addHook("preClose", () => handler.close());
	app.register(async (scope) => {
		scope.setErrorHandler((error, request, reply) => {
			const shown = reportError(error, request.log);
			const { status, detail, challenge } = shown;
			reply.headers(
				errorHeaders({
					...shown,
					...(challenge !== undefined && {
						challenge: withDiscovery(challenge, status, config),
					}),
				}),
			);
			const code =
				status >= 500 ? INTERNAL_ERROR : jsonRpcCode(status, request.body);
			return reply.code(status).send({
				jsonrpc: "2.0",
				error: { code, message: detail, data: { request_id: request.id } },
				id: null,
			});
		});
		json.readIn(scope, { limitOf: () => REPORT_BODY, wantedOf: () => wanted });
		// Before a message without credentials is read, in whatever protocol it is.
		scope.addHook("onRequest", refuseStrangers);
		scope.post("/mcp", async (request, reply) => {
			const context = contextFor(request, "mcp");
			await countMessages(request, reply, limits);
			await refuseAndRecord(context, request);
			const whenAborted = (end: () => void) =>
				reply.raw.on("close", () => {
					if (!reply.raw.writableFinished) end();
				});
			// The body is already parsed, and the SDK takes it like that. Its address
			// may have been written in any form, even absolute.
			const call = new Request(`http://${request.host}/mcp`, {
				method: "POST",
				headers: webHeaders(request),
			});
			const message = withoutCancellations(withShortUris(request.body));
			const options = { parsedBody: message };
			const isLegacy = await isLegacyRequest(call, message);
			refuseUnaccepted(request, isLegacy ? [JSON_TYPE] : [JSON_TYPE, STREAM]);
			// The SDK looks for the names only, whatever the header means.
			call.headers.set("accept", `${JSON_TYPE}, ${STREAM}`);
			if (isLegacy) {
				const server = buildMcpServer(
					Array.isArray(message)
						? { ...context, budget: answerBudget() }
						: context,
					{ message },
				);
				whenAborted(() => {
					server
						.close()
						.catch((err) =>
							request.log.debug({ err }, "MCP server not closed"),
						);
				});
				return sendResponse(await answerLegacy(server, call, options), reply);
			}
			const aborted = new AbortController();
			whenAborted(() => aborted.abort());
			const abortable = new Request(call, { signal: aborted.signal });
			calls.set(abortable, { context, message });
			const response = await handler.fetch(abortable, options);
			streams.admit(request, reply, response, () => aborted.abort());
			return sendResponse(response, reply);
		});
		const refuse = async (_request: FastifyRequest, reply: FastifyReply) => {
			reply.header("allow", "POST");
			throw new Refusal(
				"METHOD_NOT_SUPPORTED",
				"This endpoint is stateless: send every MCP message as a POST.",
			);
		};
		scope.route({
			method: scope.supportedMethods.filter((method) => method !== "POST"),
			url: "/mcp",
			// Before the body is read, which may have faults of its own.
			preParsing: refuse,
			handler: refuse,
		});
	});
}

const JSON_TYPE = "application/json";
const STREAM = "text/event-stream";

/**
 * Returns a batch without the messages that cancel its own requests: the SDK
 * does not answer a cancelled request, and a batch is answered only when all of
 * it is. A receiver may ignore a cancellation (MCP 2025-03-26, "Cancellation").
 */
function withoutCancellations(body: unknown): unknown {
	if (!Array.isArray(body)) return body;
	const others = body.filter(
		(message) => message?.method !== "notifications/cancelled",
	);
	return others.length > 0 ? others : body;
}

/** @throws TRPCError BAD_REQUEST for a batch that is too long, TOO_MANY_REQUESTS */
async function countMessages(
	request: FastifyRequest,
	reply: FastifyReply,
	limits: RateLimits,
): Promise<void> {
	if (!Array.isArray(request.body)) return;
	const { length } = request.body;
	if (length > MAX_CALLS) throw batchTooLong();
	await limits.countBatch(request, reply, length);
}

/** @throws TRPCError whose status is 406 */
function refuseUnaccepted({ headers }: FastifyRequest, types: string[]): void {
	if (types.some((type) => qualityOf(headers.accept, type) > 0)) return;
	throw notAcceptable(types);
}

/** @throws TRPCError FORBIDDEN, see `findForbidden` */
async function refuseAndRecord(
	context: Context,
	{ identity, body }: FastifyRequest,
): Promise<void> {
	const found = findForbidden(identity as Identity, body);
	if (!found) return;
	const { error, target } = found;
	await recordRefusal(
		context,
		{ action: "action_refused", target },
		{ detail: recordedWords(error) },
	);
	throw error;
}

/**
 * Answers a request in the protocols before 2026-07-28 as the handler would,
 * but with plain JSON: no tool sends anything before its result, and an event
 * stream for one event costs more than the tool.
 */
async function answerLegacy(
	server: McpServer | Server,
	call: Request,
	options: { parsedBody: unknown },
): Promise<Response> {
	const transport = new WebStandardStreamableHTTPServerTransport({
		enableJsonResponse: true,
	});
	await server.connect(transport);
	// Nothing stays open after the answer, and closing would cause an error for no reason.
	return transport.handleRequest(call, options);
}

/** Adds to a 401 or 403 where to sign in and for which scopes (MCP, "Authorization"). */
function withDiscovery(
	challenge: string,
	status: number,
	config: Pick<Config, "PUBLIC_URL"> & ScopeSettings,
): string {
	const asked = scopesToAsk(config);
	const parts = [
		// A 403 names the missing scopes itself.
		challenge.replace(/(?<=scope=")[^"]+/, (missing) =>
			missing
				.split(" ")
				.map((scope) => config.OIDC_SCOPE_PREFIX + scope)
				.join(" "),
		),
		`resource_metadata="${config.PUBLIC_URL}${METADATA_PATH}"`,
		status === 401 && asked.length > 0 ? `scope="${asked.join(" ")}"` : "",
	];
	return parts.filter(Boolean).join(", ");
}

/** JSON-RPC 2.0, section 5.1. */
const PARSE_ERROR = -32700;
const INTERNAL_ERROR = -32603;
const SERVER_ERROR = -32000;

function jsonRpcCode(status: number, body: unknown): number {
	return status === 400 && body === undefined ? PARSE_ERROR : SERVER_ERROR;
}

function webHeaders(request: FastifyRequest): Headers {
	const headers = new Headers();
	for (const [name, value] of Object.entries(request.headers)) {
		for (const one of Array.isArray(value) ? value : [value]) {
			if (one !== undefined) headers.append(name, one);
		}
	}
	return headers;
}
