import { procedure, router } from "../../procedure.ts";
import {
	countOutcomes,
	countRisks,
	listFrequentFindings,
	listPending,
	measureDecisions,
	type Span,
} from "./queries.ts";
import { LONGEST_BY_DAY, Overview, OverviewWindow } from "./schema.ts";

/** Figures about the review; a part of `analytics`. */
export const overviewRouter = router({
	overview: procedure
		.meta({
			access: "reports:read_all",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/analytics/overview",
				operationId: "getOverview",
				tags: ["Analytics"],
				summary: "See the review's progress over time",
				description:
					"Over the last days: how many reports were pending, how long the first decision took, what was decided in each month, and the risks and most frequent findings of the submitted reports.",
			},
			rest: {
				success: 200,
				errors: { 400: "The window is not valid; `issues` says why." },
			},
		})
		.input(OverviewWindow.prefault({}))
		.output(Overview)
		.query(async ({ ctx: { db }, input: { days } }) => {
			const span: Span = {
				days,
				step: days > LONGEST_BY_DAY ? "week" : "day",
			};
			// One after the other, so that looking back a year does not take all connections.
			return {
				step: span.step,
				pending_over_time: await listPending(db, span),
				time_to_decision: await measureDecisions(db, span),
				outcomes_by_month: await countOutcomes(db, span),
				risk_distribution: await countRisks(db, span),
				frequent_findings: await listFrequentFindings(db, span),
			};
		}),
});
