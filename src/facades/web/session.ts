import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { CookieSerializeOptions } from "@fastify/cookie";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Refusal } from "../../core/errors.ts";

/** Seconds that a browser remembers who reviewed last: one year. */
const REVIEWER_MAX_AGE = 365 * 24 * 60 * 60;

/** The cookies of the pages: their names, and how they are set. */
export interface Cookies {
	session: string;
	reviewer: string;
	/** What the names of the cookies begin with that last as long as one sign-in. */
	signIn: string;
	/** A new access token, until its page is shown. */
	newToken: string;
	options: CookieSerializeOptions;
}

/** @param isSecure whether people use the service over https */
export function cookiesFor(isSecure: boolean): Cookies {
	// A __Host- cookie is one that no other host, not even a subdomain, can have set.
	const prefix = isSecure ? "__Host-" : "";
	return {
		session: `${prefix}go_live_session`,
		reviewer: `${prefix}go_live_reviewer`,
		signIn: `${prefix}go_live_sign_in_`,
		newToken: `${prefix}go_live_new_token`,
		options: {
			path: "/",
			httpOnly: true,
			// Strict, a link from elsewhere would come without them, and the session
			// that then begins would part every open tab from its forms. What changes
			// anything is a POST, with which no other site sends them.
			sameSite: "lax",
			secure: isSecure,
		},
	};
}

/**
 * The browser's session: 256 random bits in a cookie. Where people sign in, it
 * is made then, and the server knows its hash; elsewhere it is made at the
 * first page, and there is nothing on the server behind it.
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

/** Who decided last in this browser. Anybody may type anything here: it is no proof. */
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
 * The token that a form of this session carries. Only who has the session's
 * secret cookie can make it, so it needs no second secret that all instances
 * would have to share and keep.
 */
export function csrfToken(session: string): string {
	return createHmac("sha256", session).update("form").digest("base64url");
}

/**
 * Lets through only forms of our own pages: sent by this origin, as the browser
 * itself says, with the token of the browser's session.
 *
 * @param publicUrl the address people use, where it is not the one in `Host`
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
		"The form is of another session: perhaps the browser was closed meanwhile, or refuses cookies. Go back, reload the page, and send it again.",
	);
}

/**
 * Whether a form has the token of the browser's session. One of our own origin
 * that does not is an older one: it stores nothing, and can be shown again.
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

/** Why a form came back with what was typed, and can be sent again as it is. */
export const OTHER_SESSION =
	"Nothing was stored: this form is of an earlier session. Somebody has signed in anew meanwhile, or the browser was closed, or refuses cookies. What you typed is kept here: look at it, and send it again.";

/**
 * Lets through only what a page of our own sent, as the browser itself says.
 * That is enough for a form that only shows what it holds.
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
