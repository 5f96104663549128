import type { FastifyInstance } from "fastify";
import type { Page } from "./page.ts";
import { checklistPage } from "./pages/checklist.ts";
import { refuseWithout } from "./recognise.ts";
import type { Site } from "./site.ts";

/** Mounts the checklist's page. */
export function mountChecklistPage(scope: FastifyInstance, site: Site): void {
	// The checklist is part of the program: one page for as long as it runs.
	let page: Page | undefined;
	scope.get("/checklist", async (request, reply) => {
		await refuseWithout(site, "catalogue:read", request);
		page ??= checklistPage(await site.callerFor(request).checklist.get());
		return site.sendPage(request, reply, page);
	});
}
