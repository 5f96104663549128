import type { FastifyInstance, FastifyRequest } from "fastify";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import {
	type Overview,
	OverviewWindow,
} from "../../../features/overview/schema.ts";
import { type ChartName, charts, drawChart } from "../charts.ts";
import { overviewPage } from "../pages/overview.ts";
import { refuseWithout } from "../recognise.ts";
import type { Site } from "../site.ts";

/** Milliseconds for which the page and its charts share one reading of the database. */
const FRESH_FOR = 10_000;

const Drawing = OverviewWindow.extend({
	scheme: z.enum(["light", "dark"]).default("light"),
});

/** Mounts the overview and its charts. */
export function mountOverviewPage(scope: FastifyInstance, site: Site): void {
	const known = new LRUCache<number, Overview>({ max: 20, ttl: FRESH_FOR });
	const lookUp = async (request: FastifyRequest, days: number) => {
		await refuseWithout(site, "reports:read_all", request);
		const overview =
			known.get(days) ??
			(await site.callerFor(request).analytics.overview({ days }));
		known.set(days, overview, { noUpdateTTL: true });
		return overview;
	};

	scope.get("/overview", async (request, reply) => {
		const { days } = OverviewWindow.parse(request.query);
		known.delete(days);
		const overview = await lookUp(request, days);
		return site.sendPage(request, reply, overviewPage({ days, overview }));
	});

	for (const name of Object.keys(charts) as ChartName[]) {
		scope.get(`/overview/${name}.svg`, async (request, reply) => {
			const { days, scheme } = Drawing.parse(request.query);
			const overview = await lookUp(request, days);
			return reply
				.type("image/svg+xml")
				.send(drawChart(name, overview, scheme));
		});
	}
}
