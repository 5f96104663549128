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

/** Host headers that are remembered as allowed. */
const MAX_KNOWN_HOSTS = 100;

/**
 * Decides which web pages may have a browser send requests here: the service's
 * own, and for the API, but never for the pages, those of the origins that the
 * operator names.
 */
export function guardOrigins(app: FastifyInstance, settings: Settings): void {
	app.after(() => {
		app.addHook("onRequest", refuseForeign(settings));
	});
	if (settings.CORS_ORIGINS.length > 0) shareApi(app, settings.CORS_ORIGINS);
}

/**
 * Refuses requests that a web page elsewhere may have caused: addressed to a
 * foreign host name (DNS rebinding) or sent from a foreign origin. Probes are
 * exempt, since orchestrators address a container by its number.
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
	// Clients send one and the same header all the time.
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
				"Requests from pages of another origin are refused. The operator can name its host in ALLOWED_HOSTS, or allow it the API in CORS_ORIGINS.",
			);
		}
	};
}

/** 403: the request is addressed to a host name that is not the service's. */
export function foreignHost(): Refusal {
	return new Refusal(
		"FORBIDDEN",
		"This service does not answer to the host name in the request. The operator can name it in ALLOWED_HOSTS.",
	);
}

/** Answers preflights, and lets browsers hand answers to scripts of these origins, without cookies. */
function shareApi(app: FastifyInstance, origins: string[]): void {
	app.register(cors, {
		delegator: (request, done) => {
			const { origin, "access-control-request-method": asked } =
				request.headers;
			const isShared =
				origin !== undefined && origins.includes(origin) && isOfApi(request);
			done(null, {
				origin: isShared ? origin : false,
				// Any other OPTIONS is a method that nothing has.
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

/** A name or an address, and perhaps a port. */
function isHost(text: string): boolean {
	return !/[\s/?#@\\]/.test(text) && URL.canParse(`http://${text}`);
}

/** REST, tRPC and MCP, and the document that describes them. */
function isOfApi(request: FastifyRequest): boolean {
	return (
		facadeOf(request) !== "web" || request.routeOptions.url === "/openapi.json"
	);
}
