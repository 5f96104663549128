import compress from "@fastify/compress";
import cookie from "@fastify/cookie";
import formbody from "@fastify/formbody";
import type {
	FastifyBaseLogger,
	FastifyInstance,
	FastifyReply,
	FastifyRequest,
	HTTPMethods,
} from "fastify";
import { reportError } from "../errors.ts";
import { refuseOtherMethods } from "../rest.ts";
import { createCaller } from "../router.ts";
import { pageHeaders, type SecurityHeaders } from "../security-headers.ts";
import type { ContextFor } from "../trpc.ts";
import { readAssets } from "./assets.ts";
import { openBackground } from "./background/pool.ts";
import { mountChecklistPage } from "./checklist-routes.ts";
import { mountDecisionForms } from "./decision-routes.ts";
import { mountOverviewPage } from "./overview-routes.ts";
import { errorPage } from "./pages/error.ts";
import { mountQueuePage } from "./queue-routes.ts";
import { mountReportPages } from "./report-routes.ts";
import { mountServersPage } from "./server-routes.ts";
import { cookiesFor } from "./session.ts";
import { openSite, type Site } from "./site.ts";

/** The most that a form takes: notes of 10,000 characters, however they are encoded. */
const FORM_LIMIT = 256 * 1024;

/** Answers a request that no page's route answers, in the form of a page. */
export interface WebErrors {
	/** Whether a browser asks for a page, and not for an answer of the API. */
	isForPage(request: FastifyRequest): boolean;
	send(
		error: unknown,
		request: FastifyRequest,
		reply: FastifyReply,
	): Promise<FastifyReply>;
}

/**
 * Mounts the pages of the review desk.
 *
 * @param contextFor who is asking, and with what
 */
export function mountWeb(
	app: FastifyInstance,
	contextFor: ContextFor,
	publicUrl: string | undefined,
): WebErrors {
	const site = openWebSite(app.log, contextFor, publicUrl);
	app.addHook("onClose", () => site.background.close());
	const headers = pageHeaders(publicUrl);
	const errors: WebErrors = {
		isForPage,
		send: (error, request, reply) =>
			sendErrorPage(site, headers, error, request, reply),
	};
	app.register(async (scope) => {
		scope.setErrorHandler(errors.send);
		scope.addHook("onRequest", async (_request, reply) => {
			reply.headers(headers).header("cache-control", "no-cache, private");
		});
		await scope.register(compress, { threshold: 1024 });
		await scope.register(cookie);
		await scope.register(formbody, { bodyLimit: FORM_LIMIT });
		refuseOtherMethodsOfAll(scope, () => {
			mountAssets(scope, site);
			mountQueuePage(scope, site);
			mountReportPages(scope, site);
			mountDecisionForms(scope, site);
			mountServersPage(scope, site);
			mountOverviewPage(scope, site);
			mountChecklistPage(scope, site);
		});
	});
	return errors;
}

function openWebSite(
	log: FastifyBaseLogger,
	contextFor: ContextFor,
	publicUrl: string | undefined,
): Site {
	return openSite({
		callerFor: (request) => createCaller(contextFor(request, "web")),
		cookies: cookiesFor(publicUrl?.startsWith("https://") ?? false),
		publicUrl,
		assets: readAssets(),
		background: openBackground((error, name) =>
			log.warn({ err: error, task: name }, "background task gave no result"),
		),
	});
}

/** Answers 405 where a page or a form is asked with a method it does not have. */
function refuseOtherMethodsOfAll(
	scope: FastifyInstance,
	mount: () => void,
): void {
	const methodsOf = new Map<string, Set<HTTPMethods>>();
	scope.addHook("onRoute", ({ url, method }) => {
		const methods = methodsOf.get(url) ?? new Set();
		for (const one of [method].flat()) methods.add(one as HTTPMethods);
		methodsOf.set(url, methods);
	});
	mount();
	for (const [url, methods] of [...methodsOf]) {
		refuseOtherMethods(scope, url, [...methods]);
	}
}

function mountAssets(scope: FastifyInstance, { assets }: Site): void {
	for (const { url, type, content } of Object.values(assets)) {
		scope.get(url, async (_request, reply) =>
			reply
				.type(type)
				.header("cache-control", "public, max-age=31536000, immutable")
				.send(content),
		);
	}
	const { url } = assets["icon-idle.svg"] ?? {};
	if (url) scope.get("/favicon.ico", (_request, reply) => reply.redirect(url));
}

function isForPage({ method, url, headers }: FastifyRequest): boolean {
	return (
		(method === "GET" || method === "HEAD") &&
		/\btext\/html\b/.test(headers.accept ?? "") &&
		!/^\/(api|trpc|mcp|docs|openapi\.json|healthz|readyz)\b/.test(url)
	);
}

async function sendErrorPage(
	site: Site,
	headers: SecurityHeaders,
	error: unknown,
	request: FastifyRequest,
	reply: FastifyReply,
): Promise<FastifyReply> {
	const shown = reportError(error, request.log);
	if (shown.retryAfter) reply.header("retry-after", String(shown.retryAfter));
	// The request may have failed before the pages' own headers were set.
	reply.code(shown.status).headers(headers);
	return site.sendPage(request, reply, errorPage(shown, request));
}
