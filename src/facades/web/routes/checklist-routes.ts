import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Page } from "../page.ts";
import { refuseWithout } from "../recognise.ts";
import type { Site } from "../site.ts";

/** Mounts the checklist's page. */
export function mountChecklistPage(scope: FastifyInstance, site: Site): void {
	// The checklist is part of the program: one page lasts as long as the process.
	let page: Page | undefined;
	scope.get("/checklist", async (request, reply) => {
		await refuseWithout(site, "catalogue:read", request);
		page ??= await makePage(site, request);
		return site.sendPage(request, reply, page);
	});
}

/** The renderer of the guides is heavy, and loaded only here. */
async function makePage(site: Site, request: FastifyRequest): Promise<Page> {
	const { checklistPage } = await import("../pages/checklist.ts");
	return checklistPage(await site.callerFor(request).checklist.get());
}
