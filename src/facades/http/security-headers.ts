import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import helmet, { type HelmetOptions } from "helmet";

/** Headers by their names. */
export type SecurityHeaders = Readonly<Record<string, string>>;

/**
 * Returns the headers for answers of the API, which are data: a browser must
 * not load, run or frame anything because of them.
 *
 * @param publicUrl the address people use: if it is https, browsers are told to
 *   use https only
 */
export function apiHeaders(publicUrl: string | undefined): SecurityHeaders {
	return askHelmet({ ...common(publicUrl), contentSecurityPolicy: ofApi });
}

/**
 * Returns the headers for a page. A report is text written by someone else and
 * shown to someone with the power to approve: only our own code and content may
 * run, load, be framed or be sent.
 */
export function pageHeaders(publicUrl: string | undefined): SecurityHeaders {
	return {
		...askHelmet({
			...common(publicUrl),
			contentSecurityPolicy: ofPages,
			referrerPolicy: { policy: "same-origin" },
		}),
		// Helmet leaves this header to its users.
		"permissions-policy":
			"camera=(), geolocation=(), microphone=(), payment=()",
	};
}

function common(publicUrl: string | undefined): HelmetOptions {
	const isSecure = publicUrl?.startsWith("https://") ?? false;
	return {
		xFrameOptions: { action: "deny" },
		strictTransportSecurity: isSecure && { includeSubDomains: false },
	};
}

const ofApi = {
	useDefaults: false,
	directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
};

const ofPages = {
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
};

/**
 * Asks helmet for its headers once: they are the same for every answer, and
 * setting them through its Fastify plugin costs 8 µs per request.
 */
function askHelmet(options: HelmetOptions): SecurityHeaders {
	const request = new IncomingMessage(new Socket());
	const response = new ServerResponse(request);
	helmet(options)(request, response, (error) => {
		if (error) throw error;
	});
	return Object.fromEntries(
		Object.entries(response.getHeaders()).map(([name, value]) => [
			name,
			String(value),
		]),
	);
}
