import type { FastifyInstance } from "fastify";
import { ServerFilter } from "../../../features/servers/schema.ts";
import { serversPage } from "../pages/servers.ts";
import type { Site } from "../site.ts";

/** Mounts the list of servers, whose approved ones are the catalogue. */
export function mountServersPage(scope: FastifyInstance, site: Site): void {
	scope.get("/servers", async (request, reply) => {
		const given = request.query as Record<string, string | undefined>;
		const query = {
			status: given.status || "approved",
			search: given.search ?? "",
			after: given.after || undefined,
		};
		const filter = ServerFilter.parse({
			...query,
			search: query.search || undefined,
		});
		const servers = await site.callerFor(request).servers.list(filter);
		const viewer = site.viewerOf(request);
		const readsAll = !viewer || viewer.permissions.has("reports:read_all");
		return site.sendPage(
			request,
			reply,
			serversPage({
				query,
				servers,
				hasMore: servers.length === filter.limit,
				readsAll,
				now: new Date(),
			}),
		);
	});
}
