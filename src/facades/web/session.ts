import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { CookieSerializeOptions } from "@fastify/cookie";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Refusal } from "../../core/errors.ts";

/** Seconds for which a browser remembers the last reviewer: one year. */
const REVIEWER_MAX_AGE = 365 * 24 * 60 * 60;

/** The names of the pages' cookies, and how they are set. */
export interface Cookies {
	session: string;
	reviewer: string;
	/** The prefix of cookies that last as long as one sign-in. */
	signIn: string;
	/** A new access token, until its page is shown. */
	newToken: string;
	options: CookieSerializeOptions;
}

/** @param isSecure whether people use the service over https */
export function cookiesFor(isSecure: boolean): Cookies {
	// No other host, not even a subdomain, can set a __Host- cookie.
	const prefix = isSecure ? "__Host-" : "";
	return {
		session: `${prefix}go_live_session`,
		reviewer: `${prefix}go_live_reviewer`,
		signIn: `${prefix}go_live_sign_in_`,
		newToken: `${prefix}go_live_new_token`,
		options: {
			path: "/",
			httpOnly: true,
			// With Strict, a link from elsewhere would come without them, and the new
			// session would separate every open tab from its forms. Every change is a
			// POST, and no other site can send that with these cookies.
			sameSite: "lax",
			secure: isSecure,
		},
	};
}

/**
 * Opens the browser's session: 256 random bits in a cookie. Where people sign
 * in, it is created at sign-in, and the server stores its hash; elsewhere it is
 * created with the first page, and the server stores nothing.
 */
export function openSession(
	cookies: Cookies,
	request: FastifyRequest,
	reply: FastifyReply,
): string {
	const known = request.cookies[cookies.session];
	if (known && /^[\w-]{43}$/.test(known)) return known;
	const session = randomBytes(32).toString("base64url");
	reply.setCookie(cookies.session, session, cookies.options);
	return session;
}

/** Returns who decided last in this browser. Anybody may type anything here, so it proves nothing. */
export function readReviewer(
	cookies: Cookies,
	request: FastifyRequest,
): string {
	return request.cookies[cookies.reviewer] ?? "";
}

export function rememberReviewer(
	cookies: Cookies,
	reply: FastifyReply,
	reviewer: string,
): void {
	reply.setCookie(cookies.reviewer, reviewer, {
		...cookies.options,
		maxAge: REVIEWER_MAX_AGE,
	});
}

/**
 * Returns the token that a form of this session carries. Only the holder of the
 * session's secret cookie can compute it, so it needs no second secret that all
 * instances would have to share and keep.
 */
export function csrfToken(session: string): string {
	return createHmac("sha256", session).update("form").digest("base64url");
}

/**
 * Allows only forms of our own pages: sent from this origin, as the browser
 * itself says, with the token of the browser's session.
 *
 * @param publicUrl the address people use, if it is not the one in `Host`
 * @throws TRPCError FORBIDDEN
 */
export function refuseForeignForm(
	cookies: Cookies,
	request: FastifyRequest,
	publicUrl: string | undefined,
): void {
	refuseForeignOrigin(request, publicUrl);
	if (isOfSession(cookies, request)) return;
	throw new Refusal(
		"FORBIDDEN",
		"The form belongs to another session: perhaps the browser was closed in the meantime, or blocks cookies. Go back, reload the page, and send it again.",
	);
}

/**
 * Returns whether a form has the token of the browser's session. A form from
 * our own origin without it is an older one: it stores nothing, and can be
 * shown again.
 */
export function isOfSession(
	cookies: Cookies,
	request: FastifyRequest,
): boolean {
	const session = request.cookies[cookies.session];
	const { csrf } = (request.body ?? {}) as { csrf?: unknown };
	return (
		session !== undefined &&
		typeof csrf === "string" &&
		isEqual(csrf, csrfToken(session))
	);
}

/** Why a form came back with what was typed, and can be sent again unchanged. */
export const OTHER_SESSION =
	"Nothing was stored: this form belongs to an earlier session. Somebody has signed in again since, or the browser was closed, or blocks cookies. What you typed is kept here: check it, and send it again.";

/**
 * Allows only what one of our own pages sent, as the browser itself says. That
 * is enough for a form that only displays its content.
 *
 * @throws TRPCError FORBIDDEN
 */
export function refuseForeignOrigin(
	request: FastifyRequest,
	publicUrl: string | undefined,
): void {
	if (isSameOrigin(request, publicUrl)) return;
	throw new Refusal(
		"FORBIDDEN",
		"This form was not sent from a page of this service. Open the page here and send its form again.",
	);
}

function isSameOrigin(
	request: FastifyRequest,
	publicUrl: string | undefined,
): boolean {
	const { origin, "sec-fetch-site": site } = request.headers;
	if (site !== undefined && site !== "same-origin") return false;
	if (origin === undefined) return site === "same-origin";
	const host = URL.parse(origin)?.host;
	return (
		host !== undefined &&
		(host === request.host ||
			(publicUrl !== undefined && origin === new URL(publicUrl).origin))
	);
}

function isEqual(one: string, other: string): boolean {
	const [a, b] = [Buffer.from(one), Buffer.from(other)];
	return a.length === b.length && timingSafeEqual(a, b);
}
