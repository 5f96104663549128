import type { FastifyInstance } from "fastify";
import type { Config } from "../../core/config.ts";
import { refuseOtherMethods } from "../http/route-refusals.ts";
import { type ScopeSettings, scopesToAsk } from "./access.ts";

declare module "fastify" {
	interface FastifyContextConfig {
		/** Whether pages of any origin may read the answer: it is public and names nobody. */
		isForAnyOrigin?: boolean;
	}
}

/** Seconds for which a browser may cache the preflight's answer. */
const PREFLIGHT_MAX_AGE = 86_400;

/** Where an MCP client learns which identity provider to sign in with. */
export const METADATA_PATH = "/.well-known/oauth-protected-resource/mcp";

/**
 * Mounts the metadata of `/mcp` as a protected resource (RFC 9728), if people
 * sign in. It is public, also for clients that run in a browser.
 *
 * There is none for the service as a whole: clients that looked there would
 * request tokens for `PUBLIC_URL`, which `/mcp` does not accept.
 */
export function mountProtectedResource(
	app: FastifyInstance,
	config: Pick<Config, "AUTH" | "OIDC_ISSUER" | "PUBLIC_URL"> & ScopeSettings,
): void {
	const { AUTH, PUBLIC_URL = "" } = config;
	if (AUTH !== "oidc") return;
	const metadata = {
		resource: `${PUBLIC_URL}/mcp`,
		authorization_servers: config.OIDC_ISSUER,
		bearer_methods_supported: ["header"],
		scopes_supported: scopesToAsk(config),
		resource_name: "MCP Go-Live",
		resource_documentation: `${PUBLIC_URL}/docs`,
	};
	app.register(async (scope) => {
		scope.addHook("onRequest", async (_request, reply) => {
			reply.header("access-control-allow-origin", "*");
		});
		const options = { config: { isForAnyOrigin: true } };
		scope.get(METADATA_PATH, options, async (_request, reply) =>
			reply.header("cache-control", "max-age=300").send(metadata),
		);
		scope.options(METADATA_PATH, options, async (_request, reply) =>
			reply
				.code(204)
				.header("access-control-allow-methods", "GET, HEAD, OPTIONS")
				.header("access-control-allow-headers", "*")
				.header("access-control-max-age", String(PREFLIGHT_MAX_AGE))
				.send(),
		);
		refuseOtherMethods(scope, METADATA_PATH, ["GET", "HEAD", "OPTIONS"]);
	});
}
