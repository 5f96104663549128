import { z } from "zod";
import { DEFAULT_PAGE_SIZE, refuseUnknownStart } from "../../core/paging.ts";
import { byKey } from "../../core/repository.ts";
import { procedure, router } from "../../procedure.ts";
import { limitTo, reportProcedure } from "../reports/one-report.ts";
import { isOwn } from "../reports/owner.ts";
import { findStandingReport } from "../reports/queries.ts";
import { unknownReport } from "../reports/rules.ts";
import { ReportSummary } from "../reports/schema.ts";
import {
	countByStatus,
	findNeighbours,
	findQueueState,
	listReports,
} from "./queries.ts";
import {
	Neighbours,
	QueueState,
	ReportCounts,
	ReportFilter,
	ReportKind,
	ReportPlace,
} from "./schema.ts";

const tags = ["Reports"];
const badFilter = {
	400: "A filter is not valid; `issues` names every problem.",
};

/** The queue of reports: listing, counting, browsing and polling; a part of `reports`. */
export const queueRouter = router({
	list: procedure
		.meta({
			access: "reports:read",
			openapi: {
				method: "GET",
				path: "/api/v1/reports",
				operationId: "listReports",
				tags,
				summary: "List reports",
				description:
					"Summaries, newest first unless sorted otherwise. A full page has a `Link` to the next one.",
			},
			rest: {
				success: 200,
				errors: badFilter,
				pageSize: DEFAULT_PAGE_SIZE,
			},
		})
		.input(ReportFilter.prefault({}))
		.output(z.array(ReportSummary))
		.query(async ({ ctx: { db, identity, settings }, input }) => {
			const owner = limitTo(identity);
			const filter = byKey(input, { aliases: settings.FORGE_ALIASES });
			const page = await listReports(db, filter, owner);
			const isKnown = (id: string) =>
				owner ? isOwn(db, id, owner) : findStandingReport(db, id);
			await refuseUnknownStart(page, input.after, isKnown, {
				missing: "There is no report with the id",
				give: "the id of the last report you have seen",
			});
			return page;
		}),

	counts: procedure
		.meta({
			access: "reports:read",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/counts",
				operationId: "countReports",
				tags,
				summary: "Count reports by status",
				description:
					"How many reports the same filters would list in each state, as of one moment.",
			},
			rest: { success: 200, errors: badFilter },
		})
		.input(ReportKind.prefault({}))
		.output(ReportCounts)
		.query(({ ctx: { db, identity, settings }, input }) =>
			countByStatus(
				db,
				byKey(input, { aliases: settings.FORGE_ALIASES }),
				limitTo(identity),
			),
		),

	newest: procedure
		.meta({
			access: "reports:read",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/newest",
				operationId: "getQueueState",
				tags,
				summary: "See whether anything new arrived",
				description:
					"How many reports are waiting, and which was submitted last. Cheap to poll: as long as nothing has changed, `If-None-Match` is answered with 304.",
			},
			rest: { success: 200, errors: {}, etag: true },
		})
		.output(QueueState)
		.query(({ ctx: { db, identity } }) =>
			findQueueState(db, limitTo(identity)),
		),

	neighbours: reportProcedure
		.meta({
			access: "reports:read",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/{id}/neighbours",
				operationId: "findNeighbours",
				tags,
				summary: "Find the reports before and after one",
				description:
					"The ids on both sides of a report in the list that the same filters and order would give. The report itself need not be in that list: one that was just decided still has its place among those waiting.",
			},
			rest: {
				success: 200,
				errors: { ...badFilter, 404: "There is no such report." },
			},
		})
		.input(ReportPlace)
		.output(Neighbours)
		.query(async ({ ctx: { db, identity, settings }, input }) => {
			const owner = limitTo(identity);
			const place = byKey(input, { aliases: settings.FORGE_ALIASES });
			const { previous, next } = await findNeighbours(db, place, owner);
			if (!previous && !next && !(await findStandingReport(db, input.id))) {
				throw unknownReport(input.id);
			}
			return { previous, next };
		}),
});
