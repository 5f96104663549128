import Fastify, {
	type FastifyBaseLogger,
	type FastifyInstance,
	type FastifyReply,
	type FastifyRequest,
	LogController,
} from "fastify";
import { eraseAddressesInTime } from "./audit/erasing.ts";
import { openReads } from "./audit/reads.ts";
import { tellLeftOut } from "./audit/refusals.ts";
import { SMALL_BODY } from "./core/body-limits.ts";
import { clientAddress } from "./core/client-address.ts";
import { type Config, recordsReads } from "./core/config.ts";
import { compressedBody, Refusal, urlTooLong } from "./core/errors.ts";
import {
	errorHeaders,
	problemDetails,
	reportError,
} from "./core/public-error.ts";
import { clientName } from "./facades/http/client-name.ts";
import { drainOnClose } from "./facades/http/drain.ts";
import { identifyCallers } from "./facades/http/identify-callers.ts";
import { openJsonBodies } from "./facades/http/json-body.ts";
import {
	connectionOptions,
	limitConnections,
	type Timeouts,
} from "./facades/http/limits/connections.ts";
import { limitConnectionsPerAddress } from "./facades/http/limits/connections-per-address.ts";
import {
	mountOverload,
	type OverloadLimits,
} from "./facades/http/limits/overload.ts";
import { limitPipelining } from "./facades/http/limits/pipelining.ts";
import {
	type BodyCeilings,
	countUnfinishedBodies,
} from "./facades/http/limits/unfinished-bodies.ts";
import { lingerAfterRefusal } from "./facades/http/linger.ts";
import { guardOrigins } from "./facades/http/origins.ts";
import { membersOf } from "./facades/http/procedure-inputs.ts";
import { holderOf } from "./facades/http/receive-body.ts";
import { nameRequest, serviceRequestId } from "./facades/http/request-ids.ts";
import { apiHeaders } from "./facades/http/security-headers.ts";
import { mountProtectedResource } from "./facades/mcp/protected-resource.ts";
import { mountMcp } from "./facades/mcp/server.ts";
import { keepStreams } from "./facades/mcp/streams.ts";
import { mountOpenApiDocument } from "./facades/rest/openapi-route.ts";
import { mountRest } from "./facades/rest/rest.ts";
import { mountTrpc } from "./facades/trpc/trpc-http.ts";
import { mountWeb } from "./facades/web/routes/routes.ts";
import type { Database } from "./platform/postgres/database.ts";
import { openWorkers, type WorkerLimits } from "./platform/workers/pool.ts";
import type { ContextFor } from "./procedure.ts";

/**
 * A tRPC batch names all its procedures in one path segment; tRPC clients keep URLs below 2,000
 * characters.
 */
const MAX_PARAMETER_LENGTH = 5000;

/** Maximum URL length in characters: four times the longest URL that our own clients send. */
const MAX_URL_LENGTH = 8000;

/** Methods whose request bodies have no meaning. */
const isBodiless = new Set(["GET", "HEAD", "OPTIONS"]);

/** Settings that only tests change. */
export interface Thresholds {
	timeouts?: Partial<Timeouts>;
	overload?: Partial<OverloadLimits>;
	bodies?: Partial<BodyCeilings>;
	/** Milliseconds between two checks of who has a stream open. */
	streamInterval?: number;
	workers?: Partial<WorkerLimits>;
}

/**
 * Builds the service on a database: every façade, health checks and error handling. It does not
 * listen.
 */
export function buildApp(
	db: Database,
	config: Config,
	logger: FastifyBaseLogger,
	thresholds: Thresholds = {},
): FastifyInstance {
	const app = Fastify({
		loggerInstance: logger,
		bodyLimit: SMALL_BODY,
		routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
		rewriteUrl: ({ url = "/" }) => withoutSlash(originForm(url)),
		logController: new LogController({
			disableRequestLogging: true,
			requestIdLogLabel: "request_id",
		}),
		genReqId: nameRequest,
		childLoggerFactory: (log, bindings, options, raw) =>
			log.child(
				{ ...bindings, service_request_id: serviceRequestId(raw) },
				options,
			),
		forceCloseConnections: "idle",
		frameworkErrors(error, request, reply) {
			sendProblem(error, request, reply);
			// No route has been found yet, so no hook will log this.
			void logResponse(request, reply);
		},
		trustProxy: config.TRUST_PROXY.length > 0 && config.TRUST_PROXY,
		...connectionOptions(logger, thresholds.timeouts),
	});
	const workers = openWorkers(logger, thresholds.workers);
	app.addHook("onClose", async () => workers.close());
	const reads = recordsReads(config) ? openReads(db, logger) : undefined;
	app.addHook("onClose", async () => reads?.close());
	app.addHook("onClose", async () => tellLeftOut(db));
	let stopErasing = () => {};
	app.addHook("onListen", async () => {
		stopErasing = eraseAddressesInTime(db, logger, config.AUDIT_ADDRESS_DAYS);
	});
	app.addHook("preClose", async () => stopErasing());
	const contextFor: ContextFor = (request, facade) => ({
		db,
		log: request.log,
		runTask: workers.runnerFor(holderOf(request)),
		settings: config,
		requestId: request.id,
		serviceRequestId: serviceRequestId(request.raw),
		identity: request.identity,
		refusal: request.refusal,
		facade,
		client: clientName(request.headers["user-agent"]),
		address: clientAddress(request),
		reads,
		...((facade === "rest" || facade === "trpc") && { membersOf }),
	});

	lingerAfterRefusal(app);
	limitPipelining(app.server);
	drainOnClose(app);
	app.removeContentTypeParser("text/plain");
	const bodies = countUnfinishedBodies(logger, thresholds.bodies);
	const json = openJsonBodies(bodies, (request, bytes, wanted) =>
		workers.runnerFor(holderOf(request))("parseJson", bytes, wanted),
	);
	json.readIn(app, { limitOf: () => SMALL_BODY, wantedOf: () => undefined });
	app.setErrorHandler(sendProblem);
	const headers = apiHeaders(config.PUBLIC_URL);
	app.addHook("onRequest", (request, reply, done) => {
		reply.headers(headers).header("x-request-id", request.id);
		done();
	});
	app.addHook("onResponse", logResponse);
	limitConnections(app, config.MAX_CONNECTIONS);
	limitConnectionsPerAddress(
		app,
		config.MAX_CONNECTIONS_PER_ADDRESS,
		config.TRUST_PROXY,
	);
	app.addHook("onRequest", (request, reply, done) => {
		const { headers } = request;
		// RFC 9110, section 8.4: a comma-separated list, in which identity means no encoding.
		const isEncoded = (headers["content-encoding"] ?? "")
			.split(",")
			.some((coding) => !/^\s*(identity)?\s*$/i.test(coding));
		// RFC 9112, section 6: one of these two headers announces a body; the body of a GET is never
		// read.
		const hasBody =
			!isBodiless.has(request.method) &&
			(headers["transfer-encoding"] !== undefined ||
				Number(headers["content-length"] ?? 0) !== 0);
		if (!hasBody || !isEncoded) return done();
		// RFC 9110, section 15.5.16.
		reply.header("accept-encoding", "identity");
		done(compressedBody());
	});
	// For every request in this order, before any of it is read.
	guardOrigins(app, config);
	mountOverload(app, thresholds.overload);
	const callers = identifyCallers(app, db, config, contextFor);
	app.after(() => {
		app.addHook("onRequest", (request, _reply, done) => {
			done(request.url.length > MAX_URL_LENGTH ? urlTooLong() : undefined);
		});
	});

	const web = mountWeb(app, contextFor, config, callers.limits, bodies);
	app.setNotFoundHandler(async (request, reply) => {
		const error = new Refusal(
			"NOT_FOUND",
			`There is nothing at ${request.method} ${pathOf(request)}. The API is described at /docs.`,
		);
		if (web.isForPage(request)) return web.send(error, request, reply);
		throw error;
	});
	mountRest(app, contextFor, json);
	mountTrpc(app, contextFor, json, callers.limits);
	const streams = keepStreams(callers.isStillKnown, thresholds.streamInterval);
	mountMcp(app, contextFor, config, { json, limits: callers.limits, streams });
	mountProtectedResource(app, config);
	mountOpenApiDocument(app, config.PUBLIC_URL);
	return app;
}

function sendProblem(
	error: unknown,
	request: FastifyRequest,
	reply: FastifyReply,
): FastifyReply {
	const shown = reportError(error, request.log);
	return (
		reply
			.code(shown.status)
			.headers(errorHeaders(shown))
			// Set again here: no hook has run if the path could not be read.
			.header("x-request-id", request.id)
			.header("x-content-type-options", "nosniff")
			.type("application/problem+json")
			.send(problemDetails(shown, request))
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
			// The route, not the path: what a caller types may contain an address or a secret.
			route: route ?? "(none)",
			...(id && /^[0-9a-f-]{36}$/i.test(id) && { report_id: id }),
			status: reply.statusCode,
			duration_ms: Math.round(reply.elapsedTime * 10) / 10,
		},
		"request",
	);
}

/**
 * Returns the path and query of a request target, which proxies receive with scheme and host (RFC
 * 9112, section 3.2.2).
 */
function originForm(target: string): string {
	const [base] = /^https?:\/\/[^/?#]*/i.exec(target) ?? [];
	if (base === undefined) return target;
	const rest = target.slice(base.length);
	return rest.startsWith("/") ? rest : `/${rest}`;
}

/** Removes the trailing slash from the path of a URL. */
function withoutSlash(url: string): string {
	const [path = ""] = url.split("?", 1);
	return /^\/.*[^/]\/$/.test(path)
		? path.slice(0, -1) + url.slice(path.length)
		: url;
}

function pathOf(request: FastifyRequest): string {
	return request.url.split("?", 1)[0] ?? "";
}
