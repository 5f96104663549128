import { parse as parseForm } from "node:querystring";
import type { Readable } from "node:stream";
import compress from "@fastify/compress";
import cookie from "@fastify/cookie";
import type {
	FastifyInstance,
	FastifyReply,
	FastifyRequest,
	HTTPMethods,
} from "fastify";
import type { Config } from "../../../core/config.ts";
import { errorHeaders, reportError } from "../../../core/public-error.ts";
import type { ContextFor } from "../../../procedure.ts";
import { createCaller } from "../../../router.ts";
import type { RateLimits } from "../../http/limits/rate-limit.ts";
import type { UnfinishedBodies } from "../../http/limits/unfinished-bodies.ts";
import { receiveBody } from "../../http/receive-body.ts";
import { refuseOtherMethods } from "../../http/route-refusals.ts";
import {
	pageHeaders,
	type SecurityHeaders,
} from "../../http/security-headers.ts";
import { readAssets } from "../assets.ts";
import { openIdentityProvider } from "../identity-provider.ts";
import { errorPage } from "../pages/error.ts";
import { readQueueQuery, reportUrl } from "../queue-address.ts";
import {
	isForPage,
	recognise,
	recognisePeople,
	signInUrl,
} from "../recognise.ts";
import { recordIfRefused } from "../refused-forms.ts";
import { sectionsFor } from "../sections.ts";
import { cookiesFor } from "../session.ts";
import { openSite, type Site } from "../site.ts";
import { mountAuditPage } from "./audit-routes.ts";
import { mountBackChannelLogout } from "./back-channel-routes.ts";
import { mountChecklistPage } from "./checklist-routes.ts";
import { mountConfirmPages } from "./confirm-routes.ts";
import { mountDecisionForms } from "./decision-routes.ts";
import { mountOverviewPage } from "./overview-routes.ts";
import { mountQueuePage } from "./queue-routes.ts";
import { mountReferencePage } from "./reference-routes.ts";
import { mountReportPages } from "./report-routes.ts";
import { mountServersPage } from "./server-routes.ts";
import { mountSessionPages } from "./session-routes.ts";
import { mountSignIn } from "./sign-in-routes.ts";
import { mountTokenPages } from "./token-routes.ts";
import { mountWithdrawal } from "./withdrawal-routes.ts";

/**
 * Maximum size of a form in bytes: notes of 10,000 characters, each of which
 * may take nine bytes in form encoding.
 */
const FORM_LIMIT = 96 * 1024;

/** Answers requests that no page route handles, in the form of a page. */
export interface WebErrors {
	/** Returns whether a browser requests a page, and not an answer of the API. */
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
 * @param contextFor returns the caller and the services of a request
 */
export function mountWeb(
	app: FastifyInstance,
	contextFor: ContextFor,
	config: Config,
	limits: RateLimits,
	bodies: UnfinishedBodies,
): WebErrors {
	const site = openWebSite(contextFor, config);
	const headers = {
		...pageHeaders(config.PUBLIC_URL),
		// Where people sign in, the next person at the same browser must find nothing.
		"cache-control": site.hasSignIn ? "no-store" : "no-cache, private",
	};
	let pages = app;
	app.register(async (scope) => {
		pages = scope;
		scope.setErrorHandler(async (error, request, reply) => {
			await recordIfRefused(site, request, error);
			return sendErrorPage(site, headers, error, request, reply);
		});
		scope.addHook("onRequest", async (_request, reply) => {
			reply.headers(headers);
		});
		await scope.register(compress, {
			threshold: 1024,
			// Compressed bodies never get this far.
			globalDecompression: false,
		});
		await scope.register(cookie);
		scope.addContentTypeParser(
			"application/x-www-form-urlencoded",
			(request: FastifyRequest, payload: Readable) =>
				receiveBody(request, payload, FORM_LIMIT, bodies, (bytes) =>
					parseForm(bytes.toString()),
				),
		);
		if (site.hasSignIn) recognisePeople(scope, site, limits);
		refuseOtherMethodsOfAll(scope, () => {
			mountAssets(scope, site);
			mountQueuePage(scope, site);
			mountReportPages(scope, site);
			mountDecisionForms(scope, site);
			mountConfirmPages(scope, site);
			mountServersPage(scope, site);
			mountOverviewPage(scope, site);
			mountChecklistPage(scope, site);
			mountAuditPage(scope, site);
			mountReferencePage(scope, site);
			if (!site.hasSignIn) return;
			const provider = openIdentityProvider(config);
			mountSignIn(scope, site, provider);
			mountBackChannelLogout(scope, site, config, limits);
			mountSessionPages(scope, site, provider);
			mountWithdrawal(scope, site);
			mountTokenPages(scope, site);
		});
	});
	return {
		isForPage,
		async send(error, request, reply) {
			if (!site.hasSignIn)
				return sendErrorPage(site, headers, error, request, reply);
			// If no page route was found, the cookies have not been read.
			request.cookies ??= pages.parseCookie(request.headers.cookie ?? "");
			const outage = await recognise(site, request).catch((cause) => cause);
			return sendErrorPage(site, headers, outage ?? error, request, reply);
		},
	};
}

function openWebSite(
	contextFor: ContextFor,
	{ AUTH, PUBLIC_URL: publicUrl }: Config,
): Site {
	const hasSignIn = AUTH === "oidc";
	return openSite({
		contextFor: (request) => contextFor(request, "web"),
		callerFor: (request) => createCaller(contextFor(request, "web")),
		cookies: cookiesFor(publicUrl?.startsWith("https://") ?? false),
		hasSignIn,
		publicUrl,
		assets: readAssets(),
	});
}

/** Answers 405 where a page or a form is requested with a method it does not have. */
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
		scope.get(url, { config: { isOpen: true } }, async (_request, reply) =>
			reply
				.type(type)
				.header("cache-control", "public, max-age=31536000, immutable")
				.send(content),
		);
	}
	const { url } = assets["icon-idle.svg"] ?? {};
	if (!url) return;
	scope.get("/favicon.ico", { config: { isOpen: true } }, (_request, reply) =>
		reply.redirect(url),
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
	const { retryAfter } = shown;
	// The request may have failed before the pages' own headers were set.
	reply
		.code(shown.status)
		.headers({ ...headers, ...errorHeaders({ retryAfter }) });
	const viewer = site.viewerOf(request);
	const isOfReport = request.routeOptions.url?.startsWith("/reports/:id/");
	const { id } = request.params as { id?: string };
	return site.sendPage(
		request,
		reply,
		errorPage(shown, {
			id: request.id,
			...(viewer && { home: sectionsFor(viewer)[0]?.href ?? null }),
			...(shown.status === 409 &&
				isOfReport &&
				id && { reportUrl: reportUrl(id, readQueueQuery(request)) }),
			...(shown.status === 401 && { signInUrl: signInUrl("/") }),
		}),
	);
}
