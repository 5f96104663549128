import type { FastifyInstance } from "fastify";
import { ReportFilter } from "../../../features/queue/schema.ts";
import type { Page } from "../page.ts";
import { queuePage } from "../pages/queue.ts";
import { readQueueQuery } from "../queue-address.ts";
import type { Site } from "../site.ts";

/** Mounts the queue, and the endpoint that its script polls. */
export function mountQueuePage(scope: FastifyInstance, site: Site): void {
	scope.get("/", async (request, reply) => {
		const query = readQueueQuery(request);
		const caller = site.callerFor(request);
		const filter = ReportFilter.parse(query);
		const [reports, counts] = await Promise.all([
			caller.reports.list(filter),
			caller.reports.counts(filter),
		]);
		const viewer = site.viewerOf(request);
		const page: Page = queuePage({
			query,
			counts,
			reports,
			hasMore: reports.length === filter.limit,
			isOwnOnly: viewer?.permissions.has("reports:read_all") === false,
			now: new Date(),
		});
		return site.sendPage(request, reply, page);
	});

	const config = { isPolled: true };
	scope.get("/queue/news", { config }, async (request) => {
		const caller = site.callerFor(request);
		const [{ pending_review }, [newest]] = await Promise.all([
			caller.reports.newest(),
			caller.reports.list({ sort: "newest", limit: 1 }),
		]);
		return {
			pending: pending_review,
			newest: newest
				? { id: newest.id, server_name: newest.server_name }
				: null,
		};
	});
}
