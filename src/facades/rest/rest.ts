import { METHODS } from "node:http";
import { callTRPCProcedure } from "@trpc/server";
import type {
	FastifyInstance,
	FastifyReply,
	FastifyRequest,
	HTTPMethods,
} from "fastify";
import { SMALL_BODY, sizeOf } from "../../core/body-limits.ts";
import { Refusal, refuseUnknown } from "../../core/errors.ts";
import { writeJson } from "../../core/json-text.ts";
import { ownTurn } from "../../core/own-turn.ts";
import type { Permission } from "../../core/words.ts";
import { readSnapshot } from "../../platform/postgres/snapshot.ts";
import type { Context, ContextFor, Meta, RestMeta } from "../../procedure.ts";
import { appRouter } from "../../router.ts";
import type { JsonBodies } from "../http/json-body.ts";
import {
	bodyLimitFor,
	membersOf,
	wantedOfProcedure,
} from "../http/procedure-inputs.ts";
import { refuseOtherMethods, refuseStrangers } from "../http/route-refusals.ts";
import {
	CACHE_CONTROL,
	type KeptAnswers,
	openKeptAnswers,
	sendVersioned,
	sendWithEtag,
} from "./etags.ts";

/** A procedure that is part of the REST API. */
export interface RestOperation {
	/** Path in the router, such as `reports.submit`. */
	procedure: string;
	type: ProcedureType;
	openapi: NonNullable<Meta["openapi"]>;
	rest: RestMeta;
	/** The permission a caller needs; absent where everybody may call. */
	access: Permission | undefined;
	/** The action under which reading the answer is recorded, if it is. */
	readAs: Meta["readAs"];
}

type ProcedureType = Parameters<typeof callTRPCProcedure>[0]["type"];

/** All procedures that are part of the REST API, from the router's metadata. */
export const restOperations: RestOperation[] = Object.entries(
	appRouter._def.procedures as unknown as Record<
		string,
		{ _def: { meta?: Meta; type: ProcedureType } }
	>,
).flatMap(([procedure, { _def }]) => {
	const { openapi, rest, access, readAs } = _def.meta ?? {};
	const { type } = _def;
	return openapi && rest
		? [{ procedure, type, openapi, rest, access, readAs }]
		: [];
});

/**
 * Mounts one Fastify route per procedure, and 405 for every other method of its
 * path.
 *
 * @param contextFor returns the caller and the services of a request
 */
export function mountRest(
	app: FastifyInstance,
	contextFor: ContextFor,
	json: JsonBodies,
): void {
	// Fastify knows nine methods; the others that Node reads must be 405 too.
	for (const method of METHODS) {
		if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
	}
	app.register(async (scope) => {
		json.readIn(scope, {
			limitOf: ({ routeOptions }) => routeOptions.bodyLimit,
			wantedOf: ({ routeOptions }) => routeOptions.config.wanted,
			mayBeLabelledForm: true,
		});
		mountOperations(scope, contextFor);
	});
}

function mountOperations(scope: FastifyInstance, contextFor: ContextFor): void {
	const kept = openKeptAnswers();
	const methodsOf = new Map<string, HTTPMethods[]>();
	for (const operation of restOperations) {
		const { method, path } = operation.openapi;
		const url = path.replaceAll(/\{(\w+)\}/g, ":$1");
		const input = wantedOfProcedure(operation.procedure);
		scope.route({
			method,
			url,
			bodyLimit: bodyLimitFor([input]),
			config: { wanted: { as: "input", input } },
			// Before the body is read: a stranger's may be large.
			...(operation.access && { onRequest: refuseStrangers }),
			handler: async (request, reply) =>
				answer(operation, contextFor(request, "rest"), request, reply, kept),
		});
		const methods = methodsOf.get(url) ?? [];
		methodsOf.set(url, [
			...methods,
			method,
			...(method === "GET" ? (["HEAD"] as const) : []),
		]);
	}
	for (const [url, methods] of methodsOf)
		refuseOtherMethods(scope, url, methods);
}

async function answer(
	operation: RestOperation,
	context: Context,
	request: FastifyRequest,
	reply: FastifyReply,
	kept: KeptAnswers,
): Promise<unknown> {
	const { procedure, type, rest, readAs } = operation;
	const input = readInput(request, operation);
	const known = request.headers["if-none-match"];
	const { etag } = rest;
	if (typeof etag === "object") {
		const versioned = {
			key: `${procedure} ${JSON.stringify(input)} ${nameCaller(context)}`,
			readSnapshot: () => readSnapshot(context.db),
			readVersion: () => call(etag.procedure, "query", context, input),
			read: () => call(procedure, type, context, input),
			versionOf: etag.versionOf,
		};
		const sent = await sendVersioned(versioned, known, kept, reply);
		// Also where the procedure was not called: a client that is told nothing
		// has changed has the answer already.
		const { id = null } = input as { id?: string };
		if (readAs) context.reads?.note(context, { action: readAs, report_id: id });
		return sent;
	}
	const output = await call(procedure, type, context, input);
	if (sizeOf(output) > SMALL_BODY) await ownTurn();
	reply.code(rest.success).header("cache-control", CACHE_CONTROL);
	if (rest.success === 201) {
		const { id } = output as { id: string };
		const folder = rest.createdIn ?? request.routeOptions.url;
		reply.header("location", `${folder}/${id}`);
	}
	if (rest.pageSize) linkNextPage(rest, output, request, reply);
	if (etag) return sendWithEtag(output, known, reply);
	return reply
		.type("application/json; charset=utf-8")
		.send(writeJson(output as object));
}

/** Calls a procedure by its path in the router. */
async function call(
	path: string,
	type: ProcedureType,
	context: Context,
	input: unknown,
): Promise<unknown> {
	return callTRPCProcedure({
		router: appRouter,
		path,
		type,
		ctx: context,
		getRawInput: async () => input,
		signal: undefined,
		batchIndex: 0,
	});
}

/** Returns a key that tells apart callers who may get different answers. */
function nameCaller({ identity }: Context): string {
	if (!identity || identity.method === "none") return String(identity?.method);
	const { subject, email, permissions } = identity;
	return JSON.stringify([subject, email, ...permissions]);
}

/**
 * Path parameters and headers take precedence over the query and the body, and
 * the query's values stay strings. Unknown members of a body are ignored,
 * because clients send whole answers back.
 *
 * @throws TRPCError BAD_REQUEST
 */
function readInput(
	request: FastifyRequest,
	{ procedure, rest: { ifMatch } }: RestOperation,
): unknown {
	const { body, query, headers } = request;
	const if_match = ifMatch && headers["if-match"];
	const params = {
		...(request.params as object),
		...(if_match !== undefined && { if_match }),
	};
	if (request.method === "GET" || request.method === "HEAD") {
		return { ...(query as object), ...params };
	}
	refuseUnknown(query, []);
	if (body === undefined || body === null) return params;
	if (typeof body !== "object" || Array.isArray(body)) {
		throw new Refusal("BAD_REQUEST", "The request body must be a JSON object.");
	}
	const known = membersOf(procedure).filter((name) =>
		Object.hasOwn(body, name),
	);
	const given = body as Record<string, unknown>;
	return {
		...Object.fromEntries(known.map((name) => [name, given[name]])),
		...params,
	};
}

/** Adds a link to the next page when this one is full (RFC 8288). */
function linkNextPage(
	{ pageSize, cursor, countRows, isFull }: RestMeta,
	output: unknown,
	request: FastifyRequest,
	reply: FastifyReply,
): void {
	const query = new URLSearchParams(request.query as Record<string, string>);
	const rows = output as Record<string, unknown>[];
	const count = countRows ? countRows(output) : rows.length;
	const limit = Number(query.get("limit") ?? pageSize);
	if (count === 0 || (count < limit && !isFull?.(output))) return;
	const next = countRows
		? Number(query.get("after") ?? 0) + count
		: rows.at(-1)?.[cursor ?? "id"];
	query.set("after", String(next));
	const { id = "" } = request.params as { id?: string };
	const path = request.routeOptions.url?.replace(":id", id);
	reply.header("link", `<${path}?${query}>; rel="next"`);
}
