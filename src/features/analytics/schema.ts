import { z } from "zod";

const count = z.int().min(0);

/**
 * Reports by risk: the assessment's; where that is unknown, the one claimed in the submitter's
 * data; otherwise unknown.
 */
export const RiskDistribution = z
	.object({
		low: count,
		medium: count,
		high: count,
		critical: count,
		unknown: count,
	})
	.meta({
		id: "RiskDistribution",
		examples: [{ low: 12, medium: 5, high: 2, critical: 1, unknown: 3 }],
	});
export type RiskDistribution = z.infer<typeof RiskDistribution>;

/** The number of reports by status and by risk; each adds up to the total. */
export const ReportTotals = z
	.object({
		total: count,
		by_status: z.object({
			pending_review: count,
			approved: count,
			rejected: count,
		}),
		by_risk: RiskDistribution,
	})
	.meta({
		id: "ReportTotals",
		examples: [
			{
				total: 23,
				by_status: { pending_review: 4, approved: 15, rejected: 4 },
				by_risk: { low: 12, medium: 5, high: 2, critical: 1, unknown: 3 },
			},
		],
	});
export type ReportTotals = z.infer<typeof ReportTotals>;
