import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Cookies } from "./session.ts";

/** Seconds that somebody may take to sign in at the provider. */
const SIGN_IN_TIME = 15 * 60;

/** Maximum number of unfinished sign-ins per browser: many tabs may open at once after a night. */
const MAX_SIGN_INS = 8;

/** What a browser stores while its person is at the provider. */
const Kept = z.object({
	state: z.string().regex(/^[\w-]{43}$/),
	nonce: z.string(),
	verifier: z.string(),
	return_to: z.string(),
});
type Kept = z.infer<typeof Kept>;

/** Stores a new sign-in under its own name, so that two tabs can sign in at the same time. */
export function keepTransaction(
	cookies: Cookies,
	request: FastifyRequest,
	reply: FastifyReply,
	kept: Kept,
): void {
	const begun = Object.keys(request.cookies).filter((name) =>
		name.startsWith(cookies.signIn),
	);
	if (begun.length >= MAX_SIGN_INS) {
		for (const name of begun) reply.clearCookie(name, cookies.options);
	}
	reply.setCookie(
		cookies.signIn + kept.state,
		Buffer.from(JSON.stringify(kept)).toString("base64url"),
		{ ...cookies.options, maxAge: SIGN_IN_TIME },
	);
}

/** Returns what this browser stored for the sign-in it comes back from; it can be used only once. */
export function takeTransaction(
	cookies: Cookies,
	request: FastifyRequest,
	reply: FastifyReply,
): Kept | undefined {
	const { state } = request.query as { state?: unknown };
	const name = `${cookies.signIn}${state}`;
	const value = request.cookies[name];
	if (!value) return undefined;
	reply.clearCookie(name, cookies.options);
	try {
		const kept = Kept.parse(
			JSON.parse(Buffer.from(value, "base64url").toString()),
		);
		return kept.state === state ? kept : undefined;
	} catch {
		return undefined;
	}
}
