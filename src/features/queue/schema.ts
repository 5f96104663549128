import { z } from "zod";
import { RiskLevel, Trifecta } from "../../checklist/assessment-schema.ts";
import { optional, text, withDefault } from "../../core/fields.ts";
import { limit } from "../../core/paging.ts";
import {
	NewReport,
	ReportId,
	ReportStatus,
	ReportSummary,
} from "../reports/schema.ts";

/** Selects reports, regardless of their status. */
export const ReportKind = z.object({
	repository_url: optional(
		NewReport.shape.repository_url.describe(
			"Only reports for this repository, however its URL is spelled.",
		),
	),
	risk_level: withDefault(
		z.enum(
			[...RiskLevel.options, "all"],
			`Must be one of ${RiskLevel.options.join(", ")}, all.`,
		),
		"all",
	).describe("Only reports whose assessment gives this risk."),
	has_errors: withDefault(
		z.enum(["true", "false", "all"], "Must be true, false or all."),
		"all",
	).describe(
		"Only reports whose assessment found errors (true) or none (false).",
	),
	trifecta: withDefault(
		z.enum(
			[...Trifecta.shape.combination.options, "all"],
			`Must be one of ${Trifecta.shape.combination.options.join(", ")}, all.`,
		),
		"all",
	).describe(
		"Only reports in which the three legs of the lethal trifecta come together (complete), do not (broken), or where this is unknown (unknown).",
	),
	search: optional(
		text(200)
			.trim()
			.describe(
				"Only reports with this text in the server name, the repository or the developer's e-mail address, regardless of case; there are no wildcards.",
			),
	),
});
export type ReportKind = z.infer<typeof ReportKind>;

const status = withDefault(
	z.enum(
		[...ReportStatus.options, "all"],
		"Must be pending_review, approved, rejected or all.",
	),
	"all",
).describe("Only reports in this state; all is the same as no filter.");

const sort = withDefault(
	z.enum(["newest", "waiting", "risk"], "Must be newest, waiting or risk."),
	"newest",
).describe(
	"newest: last submitted first. waiting: first submitted first. risk: critical, high, unknown, medium, low, and within each the first submitted first.",
);

/** The orders of a list of reports. */
export type ReportOrder = z.infer<typeof sort>;

/** Selects, orders and pages a list of reports. */
export const ReportFilter = z.object({
	status,
	...ReportKind.shape,
	sort,
	limit,
	after: optional(
		ReportId.shape.id.describe(
			"The id of the last report already seen; the page starts after it.",
		),
	),
});
export type ReportFilter = z.infer<typeof ReportFilter>;

const count = z.int().min(0);

/** The number of reports in each status, as of one moment. */
export const ReportCounts = z
	.object({
		pending_review: count,
		approved: count,
		rejected: count,
		all: count.describe("The sum of the others."),
	})
	.meta({
		id: "ReportCounts",
		examples: [{ pending_review: 4, approved: 15, rejected: 4, all: 23 }],
	});
export type ReportCounts = z.infer<typeof ReportCounts>;

/** A report, and the list in which to look for its neighbours. */
export const ReportPlace = z.object({
	id: ReportId.shape.id,
	status,
	...ReportKind.shape,
	sort,
});
export type ReportPlace = z.infer<typeof ReportPlace>;

/** The reports before and after one, in a list that need not contain the report itself. */
export const Neighbours = z
	.object({
		previous: ReportId.shape.id
			.nullable()
			.describe("The id of the report before it; null at the list's start."),
		next: ReportId.shape.id
			.nullable()
			.describe("The id of the report after it; null at the list's end."),
	})
	.meta({
		id: "Neighbours",
		examples: [
			{ previous: null, next: "550e8400-e29b-41d4-a716-446655440000" },
		],
	});
export type Neighbours = z.infer<typeof Neighbours>;

/** Tells whether anything was submitted or decided since the last poll. */
export const QueueState = z
	.object({
		pending_review: count.describe(
			"How many reports are waiting for a decision.",
		),
		newest_id: ReportSummary.shape.id
			.nullable()
			.describe(
				"The id of the report submitted last, whatever its status; null when there is none.",
			),
		newest_submitted_at: ReportSummary.shape.submitted_at
			.nullable()
			.describe("When that report was submitted."),
	})
	.meta({
		id: "QueueState",
		examples: [
			{
				pending_review: 4,
				newest_id: "550e8400-e29b-41d4-a716-446655440000",
				newest_submitted_at: "2025-10-20T10:00:00Z",
			},
		],
	});
export type QueueState = z.infer<typeof QueueState>;
