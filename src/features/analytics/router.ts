import { procedure, router } from "../../procedure.ts";
import { countReports } from "./queries.ts";
import { ReportTotals, RiskDistribution } from "./schema.ts";

const tags = ["Analytics"];

/** Totals over all reports. */
export const analyticsRouter = router({
	summary: procedure
		.meta({
			access: "reports:read_all",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/analytics/summary",
				operationId: "getSummary",
				tags,
				summary: "Count the reports by status and risk",
				description:
					"Every report once by status and once by risk, as of one moment.",
			},
			rest: { success: 200, errors: {} },
		})
		.output(ReportTotals)
		.query(({ ctx: { db } }) => countReports(db)),

	riskDistribution: procedure
		.meta({
			access: "reports:read_all",
			openapi: {
				method: "GET",
				path: "/api/v1/reports/analytics/risk-distribution",
				operationId: "getRiskDistribution",
				tags,
				summary: "Count the reports by risk",
				description:
					"The risk is the assessment's; where that is unknown, the one that the submitter's `report_json` claims, regardless of case; otherwise unknown.",
			},
			rest: { success: 200, errors: {} },
		})
		.output(RiskDistribution)
		.query(async ({ ctx: { db } }) => (await countReports(db)).by_risk),
});
