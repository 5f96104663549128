import { z } from "zod";
import { withDefault } from "../../core/fields.ts";
import { RiskDistribution } from "../analytics/schema.ts";

/** The overview's time window. */
export const OverviewWindow = z.object({
	days: withDefault(
		z.coerce
			.number<number>("Must be a number from 1 to 366.")
			.int("Must be a whole number from 1 to 366.")
			.min(1, "Must be at least 1.")
			.max(366, "Must be at most 366."),
		90,
	).describe(
		"How many days back, today included; the first week and month are always complete.",
	),
});
export type OverviewWindow = z.infer<typeof OverviewWindow>;

/** The longest window, in days, that is shown by day; longer ones are shown by week. */
export const LONGEST_BY_DAY = 92;

const count = z.int().min(0);
const hours = z.number().nullable();

/** The course of the review over time, and its results. All days are in UTC. */
export const Overview = z
	.object({
		step: z
			.enum(["day", "week"])
			.describe(
				"The time span of a point in pending_over_time; weeks begin on Monday.",
			),
		pending_over_time: z
			.array(
				z.object({
					day: z.iso.date().describe("The first day of the step."),
					pending_review: count.describe(
						"How many reports were pending at the end of the step; in the last one, now.",
					),
				}),
			)
			.describe(
				`Every step of the window, oldest first; at most ${LONGEST_BY_DAY}.`,
			),
		time_to_decision: z
			.object({
				decided: count.describe(
					"Reports whose first decision was made in the window.",
				),
				median_hours: hours.describe(
					"Half of them took at most this many hours.",
				),
				p90_hours: hours.describe("Nine in ten took at most this many hours."),
			})
			.describe("From submission to first decision; null when there was none."),
		outcomes_by_month: z
			.array(
				z.object({
					month: z
						.string()
						.regex(/^\d{4}-\d\d$/)
						.describe("As in 2025-10."),
					approved: count,
					rejected: count,
					reopened: count,
				}),
			)
			.describe("The decisions of every month of the window, oldest first."),
		risk_distribution: RiskDistribution.describe(
			"Reports submitted in the window, by the risk that the assessment found.",
		),
		frequent_findings: z
			.array(
				z.object({
					rule: z.string().describe("Id of the assessment's rule."),
					reports: count.describe("Reports in which it was found."),
				}),
			)
			.describe(
				"The twenty rules with findings in the most reports submitted in the window, most frequent first.",
			),
	})
	.meta({
		id: "Overview",
		examples: [
			{
				step: "day",
				pending_over_time: [
					{ day: "2025-10-19", pending_review: 3 },
					{ day: "2025-10-20", pending_review: 4 },
				],
				time_to_decision: { decided: 19, median_hours: 2.5, p90_hours: 26 },
				outcomes_by_month: [
					{ month: "2025-10", approved: 15, rejected: 4, reopened: 1 },
				],
				risk_distribution: {
					low: 12,
					medium: 5,
					high: 2,
					critical: 1,
					unknown: 3,
				},
				frequent_findings: [{ rule: "check-missing", reports: 7 }],
			},
		],
	});
export type Overview = z.infer<typeof Overview>;
