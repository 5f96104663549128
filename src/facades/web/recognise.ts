import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { recordRefusal } from "../../audit/refusals.ts";
import { Refusal, recordedWords } from "../../core/errors.ts";
import { personOf } from "../../core/person-of.ts";
import { errorHeaders, reportError } from "../../core/public-error.ts";
import type { Permission } from "../../core/words.ts";
import { grant, refusalOf } from "../../identity/identity.ts";
import { hashSecret } from "../../identity/own-tokens.ts";
import {
	findSessionOwner,
	markSessionSeen,
} from "../../identity/sessions/queries.ts";
import { qualityOf } from "../http/accept.ts";
import { facadeOf } from "../http/facade-of.ts";
import type { RateLimits } from "../http/limits/rate-limit.ts";
import { localPath } from "./local-path.ts";
import { keptFormPage } from "./pages/kept-form.ts";
import { refuseForeignOrigin } from "./session.ts";
import type { Site } from "./site.ts";

declare module "fastify" {
	interface FastifyContextConfig {
		/** Whether callers who are not signed in may request it too. */
		isOpen?: boolean;
		/** Whether the page checks the session itself, and counts the request for that person. */
		isPersonal?: boolean;
		/** Whether an open page requests it by itself, without any action by the person. */
		isPolled?: boolean;
	}
}

/**
 * Identifies people by their session only, and sends others to sign in. The
 * procedures decide what they may do.
 */
export function recognisePeople(
	scope: FastifyInstance,
	site: Site,
	limits: RateLimits,
): void {
	scope.addHook("onRoute", (route) => {
		const { config = {} } = route;
		route.config = { ...config, isPersonal: !config.isOpen };
	});
	const count = (request: FastifyRequest, reply: FastifyReply) => {
		const person = personOf(request.identity);
		return person
			? limits.countIdentity(request, reply, person.subject)
			: limits.countAddress(request, reply);
	};
	scope.addHook("onRequest", async (request, reply) => {
		const { isOpen } = request.routeOptions.config;
		if (isOpen || request.method === "POST") return;
		await recognise(site, request);
		await count(request, reply);
		if (request.identity) return;
		forgetSession(site, request, reply);
		if (!isForPage(request)) throw signInFirst();
		return reply.redirect(signInUrl(request.url), 303);
	});
	// Forms are read first, so that nothing typed is lost.
	scope.addHook("preHandler", async (request, reply) => {
		const { isOpen } = request.routeOptions.config;
		if (isOpen || request.method !== "POST") return;
		try {
			await recognise(site, request);
		} catch (error) {
			return sendKept(site, error, request, reply);
		}
		await count(request, reply);
		refuseForeignOrigin(request, site.publicUrl);
		if (request.identity) return;
		forgetSession(site, request, reply);
		return sendKept(site, signInFirst(), request, reply);
	});
}

/** Sends back what was typed, with the reason why it was not accepted. */
function sendKept(
	site: Site,
	error: unknown,
	request: FastifyRequest,
	reply: FastifyReply,
): Promise<FastifyReply> {
	const { status, detail, retryAfter } = reportError(error, request.log);
	reply.code(status).headers(errorHeaders({ retryAfter }));
	return site.sendPage(
		request,
		reply,
		keptFormPage({
			status,
			detail,
			signInUrl: status === 401 ? signInUrl(pageOf(request)) : undefined,
			typed: typedInto(request),
		}),
	);
}

/** Sets `request.identity` by the browser's session, if it has one. */
export async function recognise(
	site: Site,
	request: FastifyRequest,
): Promise<void> {
	const session = request.cookies[site.cookies.session];
	if (!session) return;
	const { db, settings } = site.contextFor(request);
	const found = await findSessionOwner(db, hashSecret(session), settings);
	if (!found) return;
	const { is_stale, ...owner } = found;
	if (is_stale && !request.routeOptions.config.isPolled) {
		await markSessionSeen(db, owner.session, settings);
	}
	const person = { ...owner, kind: "person" as const };
	request.identity = {
		...person,
		method: "session",
		permissions: grant(person),
	};
}

/**
 * Checks a reader's permission for a page that is cached: the procedure checked
 * it only once, but every reader must be checked.
 *
 * @throws TRPCError
 */
export async function refuseWithout(
	site: Site,
	permission: Permission,
	request: FastifyRequest,
): Promise<void> {
	const { identity } = request;
	if (!identity) throw signInFirst();
	const error = refusalOf(identity, permission);
	if (!error) return;
	const target = request.routeOptions.url ?? null;
	await recordRefusal(
		site.contextFor(request),
		{ action: "action_refused", target },
		{ detail: recordedWords(error) },
	);
	throw error;
}

/** Removes the session's cookie from the browser. */
export function forgetSession(
	{ cookies }: Site,
	request: FastifyRequest,
	reply: FastifyReply,
): void {
	if (request.cookies[cookies.session] === undefined) return;
	reply.clearCookie(cookies.session, cookies.options);
}

/** Returns where to sign in, to come back to this address. */
export function signInUrl(returnTo: string): string {
	const path = localPath(returnTo) ?? localPath(returnTo.split("?", 1)[0]);
	return path === undefined || path === "/"
		? "/sign-in"
		: `/sign-in?${new URLSearchParams({ return_to: path })}`;
}

/** Returns whether a browser requests a page, and not an answer of the API. */
export function isForPage(request: FastifyRequest): boolean {
	const { method, url, headers } = request;
	return (
		(method === "GET" || method === "HEAD") &&
		prefersPage(headers.accept) &&
		facadeOf(request) === "web" &&
		!/^\/(docs|openapi\.json|healthz|readyz|\.well-known)\b/.test(url)
	);
}

/** A client that accepts everything equally is more likely a program than a browser. */
function prefersPage(accept: string | undefined): boolean {
	const others = ["application/json", "application/problem+json"];
	const page = qualityOf(accept, "text/html");
	return others.every((type) => qualityOf(accept, type) < page);
}

function signInFirst(): Refusal {
	return new Refusal(
		"UNAUTHORIZED",
		"You are not signed in, or your session has ended.",
	);
}

/** Returns the page that a form is on: its own, or the page of the report that it belongs to. */
function pageOf({ url }: FastifyRequest): string {
	return url.replace(/^(\/reports\/[^/?]+)\/[^?]*/, "$1");
}

/** The forms whose fields can be sent again for another look. */
const keptForms: Record<string, (url: string) => string> = {
	"/reports/:id/decide": (url) => url,
	"/reports/:id/decision": (url) => url.replace(/decision(?=\?|$)/, "decide"),
	"/tokens": (url) => url,
	"/tokens/service": (url) => url,
};

function typedInto(request: FastifyRequest) {
	const action = keptForms[request.routeOptions.url ?? ""]?.(request.url);
	if (!action) return undefined;
	const {
		csrf: _,
		change: __,
		...fields
	} = (request.body ?? {}) as Record<string, unknown>;
	return {
		action,
		fields: Object.entries(fields).flatMap(([name, value]) =>
			[value].flat().map((one): [string, string] => [name, String(one)]),
		),
	};
}
