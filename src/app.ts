import { randomUUID } from "node:crypto";
import {
	localhostAllowedHostnames,
	validateHostHeader,
	validateOriginHeader,
} from "@modelcontextprotocol/server";
import { TRPCError } from "@trpc/server";
import Fastify, {
	type FastifyBaseLogger,
	type FastifyInstance,
	type FastifyReply,
	type FastifyRequest,
	LogController,
} from "fastify";
import { recordRefusal } from "./audit/refusals.ts";
import { openAuthenticator } from "./auth.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database.ts";
import { mountDocs } from "./docs.ts";
import { drainOnClose } from "./drain.ts";
import { challengeHeader, problemDetails, reportError } from "./errors.ts";
import { anybody, type Identity } from "./identity.ts";
import { readJson } from "./json-body.ts";
import { mountMcp } from "./mcp/server.ts";
import { mountProtectedResource } from "./protected-resource.ts";
import { mountRest } from "./rest.ts";
import type { ContextFor } from "./trpc.ts";
import { mountTrpc } from "./trpc-http.ts";
import { mountWeb } from "./web/routes.ts";

/**
 * Room for any legal submission: 1 MiB of Markdown and 1 MiB of structured
 * data, however a client escapes them in JSON (`\u00e6` takes three bytes for one).
 */
const BODY_LIMIT = 8 * 1024 * 1024;

/** A tRPC batch names all its procedures in one path segment; its clients keep URLs below 2,000 characters. */
const MAX_PARAMETER_LENGTH = 5000;

/** Host headers that are remembered as allowed. */
const MAX_KNOWN_HOSTS = 100;

/**
 * Builds the service on a database: every façade, health and errors. It does
 * not listen.
 */
export function buildApp(
	db: Database,
	config: Config,
	logger: FastifyBaseLogger,
): FastifyInstance {
	const app = Fastify({
		loggerInstance: logger,
		bodyLimit: BODY_LIMIT,
		routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
		logController: new LogController({
			disableRequestLogging: true,
			requestIdLogLabel: "request_id",
		}),
		genReqId: ({ headers }) => acceptRequestId(headers["x-request-id"]),
		forceCloseConnections: "idle",
		// Node's own refusal of a missing Host has no body; guardHosts words it.
		http: { requireHostHeader: false },
		frameworkErrors(error, request, reply) {
			sendProblem(error, request, reply);
			// No route was found yet, so no hook will do it.
			void logResponse(request, reply);
		},
		clientErrorHandler: (error, socket) =>
			answerUnreadable(error, socket, logger),
	});
	const contextFor: ContextFor = (request, facade) => ({
		db,
		log: request.log,
		settings: config,
		requestId: request.id,
		identity: request.identity,
		refusal: request.refusal,
		facade,
		client: request.headers["user-agent"] ?? null,
		address: request.ip,
	});

	drainOnClose(app);
	app.removeContentTypeParser("text/plain");
	readJson(app);
	app.setErrorHandler(sendProblem);
	const web = mountWeb(app, contextFor, config);
	app.setNotFoundHandler(async (request, reply) => {
		const error = new TRPCError({
			code: "NOT_FOUND",
			message: `There is nothing at ${request.method} ${pathOf(request)}. The API is described at /docs.`,
		});
		if (web.isForPage(request)) return web.send(error, request, reply);
		throw error;
	});
	app.addHook("onRequest", (request, reply, done) => {
		reply.header("x-request-id", request.id);
		reply.header("x-content-type-options", "nosniff");
		done();
	});
	app.addHook("onRequest", guardHosts(config));
	identifyCallers(app, db, config, contextFor);
	app.addHook("onResponse", logResponse);

	mountRest(app, contextFor);
	mountTrpc(app, contextFor);
	mountMcp(app, contextFor, config);
	mountProtectedResource(app, config);
	mountDocs(app, config.PUBLIC_URL);
	return app;
}

declare module "fastify" {
	interface FastifyRequest {
		/** Who is asking; `null` when nobody is signed in. */
		identity: Identity | null;
		/** Why what was shown proves nothing, when something was. */
		refusal: TRPCError | undefined;
	}
}

/** Tells who asks, before anything else is done; the procedures decide what they may. */
function identifyCallers(
	app: FastifyInstance,
	db: Database,
	config: Config,
	contextFor: ContextFor,
): void {
	app.decorateRequest("refusal", undefined);
	if (config.AUTH !== "oidc") {
		app.decorateRequest("identity", { getter: () => anybody });
		return;
	}
	app.decorateRequest("identity", null);
	const authenticator = openAuthenticator(db, config);
	app.addHook("onRequest", async (request) => {
		const [, door] = /^\/(api|trpc|mcp)\b/.exec(request.url) ?? [];
		if (!door) return;
		const facade = door === "api" ? "rest" : (door as "trpc" | "mcp");
		try {
			request.identity =
				door === "mcp"
					? await authenticator.identify(credentialsOf(request), "mcp")
					: await authenticator.identify(request.headers.authorization, "api");
		} catch (error) {
			if (!(error instanceof TRPCError)) throw error;
			request.refusal = error;
			// The provider may be out of reach: then nothing was refused.
			if (error.code !== "UNAUTHORIZED") return;
			await recordRefusal(contextFor(request, facade), {
				action: "credential_refused",
				detail: error.message,
			});
		}
	});
}

/**
 * What an MCP client shows. The plugin sends its access token in a header of
 * our own, which is empty without one: Claude Code signs nobody in where
 * `Authorization` is configured, even when there is nothing in it.
 */
function credentialsOf({ headers }: FastifyRequest): string | undefined {
	const token = headers["x-go-live-token"];
	return headers.authorization ?? (token ? `Bearer ${token}` : undefined);
}

/**
 * Refuses requests that a web page elsewhere may have caused: addressed to a
 * foreign host name (DNS rebinding) or sent from a foreign origin. Probes are
 * exempt, since orchestrators address a container by its number.
 */
function guardHosts(config: Parameters<typeof buildApp>[1]) {
	const allowed = [
		...localhostAllowedHostnames(),
		config.HOST.includes(":")
			? `[${config.HOST.replace(/[[\]]/g, "")}]`
			: config.HOST,
		...(config.PUBLIC_URL ? [new URL(config.PUBLIC_URL).hostname] : []),
		...config.ALLOWED_HOSTS,
	].map((name) => name.toLowerCase());
	const allowsAll = allowed.includes("*");
	// Clients send one and the same header all the time.
	const knownHosts = new Set<string>();
	return async (request: FastifyRequest): Promise<void> => {
		const { host: given, origin: from } = request.headers;
		if (from === undefined && given && knownHosts.has(given)) return;
		const { url = "" } = request.routeOptions;
		if (given === undefined && request.raw.httpVersion === "1.1") {
			throw new TRPCError({
				code: "BAD_REQUEST",
				message: "An HTTP/1.1 request must have a Host header.",
			});
		}
		if (url === "/healthz" || url === "/readyz") return;
		const host = validateHostHeader(given, allowed);
		if (!host.ok && !allowsAll) {
			throw new TRPCError({
				code: "FORBIDDEN",
				message:
					"This service does not answer to the host name in the request. The operator can name it in ALLOWED_HOSTS.",
			});
		}
		if (given && knownHosts.size < MAX_KNOWN_HOSTS) knownHosts.add(given);
		if (request.routeOptions.config.isForAnyOrigin) return;
		const own = host.hostname ?? request.hostname;
		const origin = validateOriginHeader(from, [...allowed, own]);
		if (!origin.ok) {
			throw new TRPCError({
				code: "FORBIDDEN",
				message:
					"Requests from pages of another origin are refused. The operator can name its host in ALLOWED_HOSTS.",
			});
		}
	};
}

function sendProblem(
	error: unknown,
	request: FastifyRequest,
	reply: FastifyReply,
): FastifyReply {
	const shown = reportError(error, request.log);
	if (shown.retryAfter) reply.header("retry-after", String(shown.retryAfter));
	if (shown.challenge !== undefined) {
		reply.header("www-authenticate", challengeHeader(shown.challenge));
	}
	return (
		reply
			.code(shown.status)
			// Again: no hook has run where the path could not be read.
			.header("x-request-id", request.id)
			.header("x-content-type-options", "nosniff")
			.type("application/problem+json")
			.send(problemDetails(shown, request))
	);
}

/** Bytes that are no HTTP request, or one whose headers are too large: no request object exists yet. */
function answerUnreadable(
	error: Error & { code?: string },
	socket: import("node:net").Socket,
	log: FastifyBaseLogger,
): void {
	if (!socket.writable) return;
	const isTooLarge = error.code === "HPE_HEADER_OVERFLOW";
	const status = isTooLarge ? 431 : 400;
	const requestId = randomUUID();
	const title = isTooLarge ? "Request Header Fields Too Large" : "Bad Request";
	// Never the error itself, which holds the bytes.
	log.info(
		{ request_id: requestId, status, reason: error.code },
		"unreadable request",
	);
	const body = JSON.stringify({
		type: "about:blank",
		title,
		status,
		detail: isTooLarge
			? "The request's headers are too large."
			: "The request is not valid HTTP.",
		instance: "",
		code: "BAD_REQUEST",
		request_id: requestId,
	});
	socket.end(
		`HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nX-Request-Id: ${requestId}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
	);
}

async function logResponse(
	request: FastifyRequest,
	reply: FastifyReply,
): Promise<void> {
	const { url: route } = request.routeOptions;
	const { id } = (request.params ?? {}) as { id?: string };
	request.log.info(
		{
			method: request.method,
			// The route, not the path: what a caller types may hold an address or a secret.
			route: route ?? "(none)",
			...(id && /^[0-9a-f-]{36}$/i.test(id) && { report_id: id }),
			status: reply.statusCode,
			duration_ms: Math.round(reply.elapsedTime * 10) / 10,
		},
		"request",
	);
}

function pathOf(request: FastifyRequest): string {
	return request.url.split("?", 1)[0] ?? "";
}

/** A caller's own request id, if it is one that can stand in a log; else a new one. */
function acceptRequestId(given: string | string[] | undefined): string {
	return typeof given === "string" && /^[\w.-]{8,64}$/.test(given)
		? given
		: randomUUID();
}
