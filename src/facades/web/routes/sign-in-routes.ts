import { TRPCError } from "@trpc/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { factsOf, Refusal } from "../../../core/errors.ts";
import {
	errorHeaders,
	publicError,
	reportError,
} from "../../../core/public-error.ts";
import {
	refuseSignIn,
	signIn,
	signOut,
} from "../../../identity/sessions/sign-in.ts";
import type { IdentityProvider } from "../identity-provider.ts";
import { localPath } from "../local-path.ts";
import {
	goingToSignInPage,
	signedOutPage,
	signInFailedPage,
} from "../pages/sign-in.ts";
import { forgetSession, recognise, signInUrl } from "../recognise.ts";
import { homeOf } from "../sections.ts";
import { refuseForeignForm } from "../session.ts";
import { keepTransaction, takeTransaction } from "../sign-in-cookie.ts";
import { signInRefused } from "../sign-in-refused.ts";
import type { Site } from "../site.ts";

type QueryRequest = FastifyRequest<{
	Querystring: Record<string, string | string[] | undefined>;
}>;

/** Mounts signing in and out: to the identity provider, back from it, and out of both. */
export function mountSignIn(
	scope: FastifyInstance,
	site: Site,
	provider: IdentityProvider,
): void {
	const config = { isOpen: true };

	scope.get("/sign-in", { config }, async (request: QueryRequest, reply) => {
		const returnTo = readReturnTo(request.query.return_to ?? "/");
		try {
			const { url, transaction } = await provider.begin();
			keepTransaction(site.cookies, request, reply, {
				...transaction,
				return_to: returnTo,
			});
			return sendToProvider(site, request, reply, url);
		} catch (error) {
			return sendFailure(site, request, reply, error, returnTo);
		}
	});

	scope.get(
		"/sign-in/callback",
		{ config },
		async (request: QueryRequest, reply) => {
			const kept = takeTransaction(site.cookies, request, reply);
			const returnTo = localPath(kept?.return_to) ?? "/";
			try {
				if (!kept) {
					throw signInRefused(
						"unknown_transaction",
						"This sign-in took too long, was already used, or was started in another browser.",
					);
				}
				const [, query = ""] = request.url.split("?", 2);
				const { shown, providerSession } = await provider.finish(query, kept);
				const { cookies } = site;
				const context = site.contextFor(request);
				const { secret, identity } = await signIn(
					context,
					shown,
					providerSession,
					request.cookies[cookies.session],
				);
				reply.setCookie(cookies.session, secret, {
					...cookies.options,
					maxAge: context.settings.SESSION_HOURS * 60 * 60,
				});
				const home = homeOf(identity);
				return reply.redirect(returnTo === "/" ? home : returnTo, 303);
			} catch (error) {
				return sendFailure(site, request, reply, error, returnTo);
			}
		},
	);

	scope.post("/sign-out", { config }, async (request, reply) => {
		const session = request.cookies[site.cookies.session];
		await recognise(site, request);
		if (session && request.identity) {
			refuseForeignForm(site.cookies, request, site.publicUrl);
			await signOut(site.contextFor(request), session);
		}
		return sendSignedOut(site, provider, request, reply);
	});

	scope.get("/signed-out", { config }, (request, reply) =>
		site.sendPage(request, reply, signedOutPage()),
	);
}

/**
 * Sends the page after signing out here: nothing of the session stays in the
 * browser, which goes on to be signed out at the provider too.
 */
export async function sendSignedOut(
	site: Site,
	provider: IdentityProvider,
	request: FastifyRequest,
	reply: FastifyReply,
): Promise<FastifyReply> {
	request.identity = null;
	// Not even through the Back button.
	reply.header("clear-site-data", '"cache"');
	forgetSession(site, request, reply);
	reply.clearCookie(site.cookies.newToken, site.cookies.options);
	const url = await provider
		.endSessionUrl(`${site.publicUrl}/signed-out`)
		.catch((error) => {
			reportError(error, request.log);
			return undefined;
		});
	if (url) reply.header("refresh", `0; url=${url.href}`);
	return site.sendPage(request, reply, signedOutPage(url?.href));
}

/** @throws TRPCError BAD_REQUEST for a foreign address */
function readReturnTo(given: unknown): string {
	const path = localPath(given);
	if (path === undefined) {
		throw new Refusal(
			"BAD_REQUEST",
			"return_to must be a path of this service, as in /servers.",
		);
	}
	return /^\/sign(-in|-out|ed-out)\b/.test(path) ? "/" : path;
}

/**
 * Sends a redirect, or a page that navigates by itself if one of our own forms
 * may have led here: the `form-action` of our policy also covers redirects
 * after a form.
 */
function sendToProvider(
	site: Site,
	request: FastifyRequest,
	reply: FastifyReply,
	{ href }: URL,
): FastifyReply | Promise<FastifyReply> {
	if (request.headers["sec-fetch-site"] !== "same-origin") {
		return reply.redirect(href, 303);
	}
	reply.header("refresh", `0; url=${href}`);
	return site.sendPage(request, reply, goingToSignInPage(href));
}

async function sendFailure(
	site: Site,
	request: FastifyRequest,
	reply: FastifyReply,
	error: unknown,
	returnTo: string,
): Promise<FastifyReply> {
	const shown = publicError(error);
	const { reason } = factsOf(error);
	const isOutage = shown.status === 503 && error instanceof TRPCError;
	if (!reason && !isOutage) throw error;
	reportError(error, request.log);
	await refuseSignIn(
		site.contextFor(request),
		reason ?? "provider_out_of_reach",
		shown.detail,
	);
	const { retryAfter } = shown;
	reply.code(reason ? 403 : 503).headers(errorHeaders({ retryAfter }));
	return site.sendPage(
		request,
		reply,
		signInFailedPage({
			status: reply.statusCode,
			message: shown.detail,
			signInUrl: signInUrl(returnTo),
			requestId: request.id,
		}),
	);
}
