import type { FastifyRequest } from "fastify";
import type { Facade } from "../../core/words.ts";

const facadeBySegment = { api: "rest", trpc: "trpc", mcp: "mcp" } as const;

/**
 * Returns the façade that an HTTP request is for, by the first segment of its
 * path. Everything that is not REST, tRPC or MCP belongs to the web: pages,
 * documentation, probes.
 */
export function facadeOf({
	routeOptions,
	url,
}: {
	routeOptions: Pick<FastifyRequest["routeOptions"], "url">;
	url: string;
}): Exclude<Facade, "command_line"> {
	// The route's own path, since a URL can be written in many ways.
	const path = routeOptions.url ?? url;
	const [, name] = /^\/(api|trpc|mcp)(?=[/?#]|$)/.exec(path) ?? [];
	return name ? facadeBySegment[name as keyof typeof facadeBySegment] : "web";
}
