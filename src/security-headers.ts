import helmet, { type FastifyHelmetOptions } from "@fastify/helmet";
import type { FastifyInstance, FastifyReply } from "fastify";

/**
 * Gives every answer the headers that keep a browser from doing more with it
 * than it is for. An answer of the API is data: it loads, runs and frames
 * nothing. Pages say more for themselves.
 *
 * @param publicUrl the address people use: over https, browsers are told to
 *   come by https alone
 */
export function addSecurityHeaders(
	app: FastifyInstance,
	publicUrl: string | undefined,
): void {
	const isSecure = publicUrl?.startsWith("https://") ?? false;
	app.register(helmet, {
		contentSecurityPolicy: {
			useDefaults: false,
			directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
		},
		xFrameOptions: { action: "deny" },
		strictTransportSecurity: isSecure && { includeSubDomains: false },
	});
}

/**
 * Gives a page headers of its own: a report is text written by someone else,
 * shown to someone with the power to approve, so nothing runs, loads, frames or
 * sends but what is ours.
 */
export function addPageHeaders(reply: FastifyReply): void {
	reply.helmet(ofPages);
	// Helmet leaves this one to its users.
	reply.header(
		"permissions-policy",
		"camera=(), geolocation=(), microphone=(), payment=()",
	);
}

const ofPages: FastifyHelmetOptions = {
	contentSecurityPolicy: {
		useDefaults: false,
		directives: {
			defaultSrc: ["'none'"],
			scriptSrc: ["'self'"],
			styleSrc: ["'self'"],
			imgSrc: ["'self'"],
			connectSrc: ["'self'"],
			formAction: ["'self'"],
			frameAncestors: ["'none'"],
			baseUri: ["'none'"],
		},
	},
	referrerPolicy: { policy: "same-origin" },
};
