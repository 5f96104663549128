import cors from "@fastify/cors";
import {
	localhostAllowedHostnames,
	validateHostHeader,
	validateOriginHeader,
} from "@modelcontextprotocol/server";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Config } from "../../core/config.ts";
import { Refusal } from "../../core/errors.ts";
import { facadeOf } from "./facade-of.ts";

type Settings = Pick<
	Config,
	"HOST" | "PUBLIC_URL" | "ALLOWED_HOSTS" | "CORS_ORIGINS"
>;

/** Maximum number of allowed Host headers that are remembered. */
const MAX_KNOWN_HOSTS = 100;

/**
 * Decides which web pages may make a browser send requests here: the service's
 * own, and, for the API but never for the pages, those of the origins that the
 * operator names.
 */
export function guardOrigins(app: FastifyInstance, settings: Settings): void {
	app.after(() => {
		app.addHook("onRequest", refuseForeign(settings));
	});
	if (settings.CORS_ORIGINS.length > 0) shareApi(app, settings.CORS_ORIGINS);
}

/**
 * Refuses requests that a foreign web page may have caused: addressed to a
 * foreign host name (DNS rebinding) or sent from a foreign origin. Probes are
 * exempt, since orchestrators address a container by its IP address.
 */
function refuseForeign(settings: Settings) {
	const { HOST, PUBLIC_URL, ALLOWED_HOSTS, CORS_ORIGINS } = settings;
	const allowed = [
		...localhostAllowedHostnames(),
		HOST.includes(":") ? `[${HOST}]` : HOST,
		...(PUBLIC_URL ? [new URL(PUBLIC_URL).hostname] : []),
		...ALLOWED_HOSTS,
	].map((name) => name.toLowerCase());
	const allowsAll = allowed.includes("*");
	// Clients keep sending the same header.
	const knownHosts = new Set<string>();
	return async (request: FastifyRequest): Promise<void> => {
		const { host } = request;
		const { origin: from } = request.headers;
		if (from === undefined && knownHosts.has(host)) return;
		if (
			request.headers.host === undefined &&
			request.raw.httpVersion === "1.1"
		) {
			throw new Refusal(
				"BAD_REQUEST",
				"An HTTP/1.1 request must have a Host header.",
			);
		}
		const { url: route } = request.routeOptions;
		if (host !== "" && !isHost(host)) {
			throw new Refusal("BAD_REQUEST", "The Host header does not name a host.");
		}
		if (route === "/healthz" || route === "/readyz") return;
		const checked = validateHostHeader(host, allowed);
		if (!checked.ok && !allowsAll) throw foreignHost();
		if (host && knownHosts.size < MAX_KNOWN_HOSTS) knownHosts.add(host);
		if (request.routeOptions.config.isForAnyOrigin) return;
		if (from !== undefined && CORS_ORIGINS.includes(from) && isOfApi(request)) {
			return;
		}
		const own = checked.hostname ?? request.hostname;
		if (!validateOriginHeader(from, [...allowed, own]).ok) {
			throw new Refusal(
				"FORBIDDEN",
				"Requests from pages of another origin are refused. The operator can add its host to ALLOWED_HOSTS, or allow it to use the API in CORS_ORIGINS.",
			);
		}
	};
}

/** Returns the 403 for a request addressed to a host name that is not the service's. */
export function foreignHost(): Refusal {
	return new Refusal(
		"FORBIDDEN",
		"This service does not accept the host name in the request. The operator can add it to ALLOWED_HOSTS.",
	);
}

/** Answers preflights, and lets browsers pass answers to scripts from these origins, without cookies. */
function shareApi(app: FastifyInstance, origins: string[]): void {
	app.register(cors, {
		delegator: (request, done) => {
			const { origin, "access-control-request-method": asked } =
				request.headers;
			const isShared =
				origin !== undefined && origins.includes(origin) && isOfApi(request);
			done(null, {
				origin: isShared ? origin : false,
				// Any other OPTIONS is a method that no route has.
				preflight: asked !== undefined,
				methods: ["GET", "HEAD", "POST", "PATCH"],
				exposedHeaders: [
					"ETag",
					"Link",
					"Location",
					"RateLimit",
					"RateLimit-Policy",
					"Retry-After",
					"WWW-Authenticate",
					"X-Request-Id",
				],
				maxAge: 600,
			});
		},
	});
}

/** Returns whether the text is a host name or address, with or without a port. */
function isHost(text: string): boolean {
	return !/[\s/?#@\\]/.test(text) && URL.canParse(`http://${text}`);
}

/** Returns whether the request is for REST, tRPC or MCP, or for the document that describes them. */
function isOfApi(request: FastifyRequest): boolean {
	return (
		facadeOf(request) !== "web" || request.routeOptions.url === "/openapi.json"
	);
}
