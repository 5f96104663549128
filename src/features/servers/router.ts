import { z } from "zod";
import { DEFAULT_PAGE_SIZE, refuseUnknownStart } from "../../core/paging.ts";
import { personOf } from "../../core/person-of.ts";
import { byKey } from "../../core/repository.ts";
import { procedure, router } from "../../procedure.ts";
import { limitTo } from "../reports/one-report.ts";
import { hasBeenListed, listServers } from "./queries.ts";
import { Server, ServerFilter } from "./schema.ts";

/** MCP servers: one per repository, with the status that results from all of its reports. */
export const serversRouter = router({
	list: procedure
		.meta({
			access: "catalogue:read",
			openapi: {
				method: "GET",
				path: "/api/v1/servers",
				operationId: "listServers",
				tags: ["Servers"],
				summary: "List servers",
				description:
					"One row per repository: its newest report, the server's status, and the last decision about it; servers with the newest reports first. The approved ones form the catalogue; callers who may not read everybody's reports see those and their own servers, and no notes about others' reports. A full page has a `Link` to the next one.",
			},
			rest: {
				success: 200,
				errors: { 400: "A filter is not valid; `issues` names every problem." },
				pageSize: DEFAULT_PAGE_SIZE,
			},
		})
		.input(ServerFilter.prefault({}))
		.output(z.array(Server))
		.query(async ({ ctx: { db, identity, settings }, input }) => {
			const viewer = personOf(identity);
			const owner = limitTo(identity);
			const filter = byKey(input, { aliases: settings.FORGE_ALIASES });
			const page = await listServers(db, filter, viewer, owner);
			const isKnown = (id: string) => hasBeenListed(db, id, owner);
			await refuseUnknownStart(page, input.after, isKnown, {
				missing: "There is no server with the id",
				give: "the id of the last server you have seen",
			});
			return page;
		}),
});
