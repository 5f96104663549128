import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import helmet, { type HelmetOptions } from "helmet";

/** Headers by their names. */
export type SecurityHeaders = Readonly<Record<string, string>>;

/**
 * What keeps a browser from doing more with an answer of the API than it is
 * for: it is data, and loads, runs and frames nothing.
 *
 * @param publicUrl the address people use: over https, browsers are told to
 *   come by https alone
 */
export function apiHeaders(publicUrl: string | undefined): SecurityHeaders {
	return askHelmet({ ...common(publicUrl), contentSecurityPolicy: ofApi });
}

/**
 * The same for a page. A report is text written by someone else, shown to
 * someone with the power to approve: nothing runs, loads, frames or sends but
 * what is ours.
 */
export function pageHeaders(publicUrl: string | undefined): SecurityHeaders {
	return {
		...askHelmet({
			...common(publicUrl),
			contentSecurityPolicy: ofPages,
			referrerPolicy: { policy: "same-origin" },
		}),
		// Helmet leaves this one to its users.
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
 * Has helmet set its headers once: they are the same for every answer, and
 * setting them as its Fastify plugin does costs 8 µs of each request.
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
