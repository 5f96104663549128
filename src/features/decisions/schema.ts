import { z } from "zod";
import {
	line,
	optional,
	prose,
	statedNumber,
	time,
	withDefault,
} from "../../core/fields.ts";
import { limit } from "../../core/paging.ts";
import { IfMatch } from "../reports/if-match.ts";
import {
	NewReport,
	ReportId,
	ReportStatus,
	ReportSummary,
	summaryExample,
} from "../reports/schema.ts";
import { DECISIONS_SHOWN, NOTES_SHOWN } from "./history-limits.ts";

/** A reviewer's decision (PRD, PATCH /reports/{id}/status). */
export const NewDecision = z
	.object({
		id: ReportId.shape.id,
		status: z
			.enum(
				ReportStatus.options,
				"Must be approved, rejected, or pending_review to reopen.",
			)
			.describe(
				"approved or rejected for a pending report; pending_review reopens a decided one.",
			),
		reviewed_by: optional(
			line(255, "as in platform@example.com").describe(
				"Who decides. Where people sign in, it may be omitted and must not name somebody else; elsewhere it is required.",
			),
		),
		review_notes: optional(
			prose(10_000).describe(
				"Why, for the developer to read: lines of text without control or hidden characters.",
			),
		),
		decisions_seen: optional(
			z
				.int("Must be a whole number.")
				.min(0, "Must be at least 0.")
				.describe(
					"How many decisions about the report the reviewer has seen. If there are more, nothing is done (409); another reviewer's approval is not a decision.",
				),
		),
		if_match: optional(IfMatch),
	})
	.meta({
		id: "NewDecision",
		examples: [
			{
				status: "approved",
				reviewed_by: "platform@example.com",
				review_notes: "All checks passed. Approved for production.",
			},
		],
	});
export type NewDecision = z.infer<typeof NewDecision>;

const approvalExample = {
	approved_by: "security@example.com",
	notes: "The exception for SEC-4 is agreed.",
	approved_at: "2025-10-20T12:00:00Z",
};

const notes_shortened = z
	.literal(true)
	.optional()
	.describe(
		`Where notes are longer than ${NOTES_SHOWN} characters and only their beginning is given, with an ellipsis, as in histories and lists. GET /api/v1/reports/{id}/decisions has full notes, and for approvals since the last decision GET /api/v1/reports/{id}/approvals.`,
	);

/** One reviewer's approval; it is never changed. */
export const Approval = z
	.object({
		approved_by: z.string(),
		notes: z.string().nullable(),
		notes_shortened,
		approved_at: time("When"),
	})
	.meta({ id: "Approval", examples: [approvalExample] });
export type Approval = z.infer<typeof Approval>;

/** One change of a report's status; it is never changed. */
export const Decision = z
	.object({
		report_id: ReportId.shape.id,
		from_status: ReportStatus,
		to_status: ReportStatus,
		decided_by: z.string(),
		notes: z.string().nullable(),
		notes_shortened,
		decided_at: time("When"),
		approvals: z
			.array(Approval)
			.describe(
				"Approvals of signed-in reviewers that this decision ended, oldest first: for an approval those that it required, the deciding one last, at decided_at; for a rejection those given before it.",
			),
	})
	.meta({
		id: "Decision",
		examples: [
			{
				report_id: summaryExample.id,
				from_status: "pending_review",
				to_status: "approved",
				decided_by: "platform@example.com",
				notes: "All checks passed. Approved for production.",
				decided_at: "2025-10-20T12:30:00Z",
				approvals: [
					approvalExample,
					{
						approved_by: "platform@example.com",
						notes: "All checks passed. Approved for production.",
						approved_at: "2025-10-20T12:30:00Z",
					},
				],
			},
		],
	});
export type Decision = z.infer<typeof Decision>;

/** One revision of a repository's report, with the decisions about it. */
export const Revision = ReportSummary.extend({
	decision_count: statedNumber(z.int().min(0)).describe(
		"The total number of decisions about it.",
	),
	decisions: z
		.array(Decision)
		.describe(
			`The last ${DECISIONS_SHOWN} of them, oldest first, with long notes shortened. GET /api/v1/reports/{id}/decisions has all.`,
		),
	open_approvals: z
		.array(Approval)
		.describe(
			"Approvals since the last decision, oldest first. Earlier ones are listed with the decision that they led to.",
		),
}).meta({
	id: "Revision",
	examples: [
		{
			...summaryExample,
			decision_count: 0,
			decisions: [],
			open_approvals: [],
		},
	],
});
export type Revision = z.infer<typeof Revision>;

/** A page of the revisions for a report's repository. */
export const RevisionFilter = ReportId.extend({
	limit: limit.describe("Maximum number of revisions."),
	after: optional(
		ReportId.shape.id.describe(
			"The id of the last revision already seen; the page starts after it.",
		),
	),
});
export type RevisionFilter = z.infer<typeof RevisionFilter>;

/** A page of a report's decisions. */
export const DecisionPage = ReportId.extend({
	limit: withDefault(
		z.coerce
			.number<number>("Must be a number from 1 to 200.")
			.int("Must be a whole number from 1 to 200.")
			.min(1, "Must be at least 1.")
			.max(200, "Must be at most 200."),
		200,
	).describe("Maximum number of decisions."),
	after: withDefault(
		z.coerce
			.number<number>("Must be a number of decisions.")
			.int("Must be a whole number.")
			.min(0, "Must be at least 0.")
			.max(Number.MAX_SAFE_INTEGER, "Is more decisions than any report has."),
		0,
	).describe(
		"How many decisions the caller has already seen; the page starts after them.",
	),
});
export type DecisionPage = z.infer<typeof DecisionPage>;

/** What a page shows of a report's decisions, and of the newest revisions for its server. */
export const History = z.object({
	/** With the full notes of the last decision. */
	own: Revision,
	/** Newest first, as many as are quick to read. */
	newest: z.array(Revision),
});
export type History = z.infer<typeof History>;

const Named = ReportSummary.pick({ id: true, revision: true, status: true });

/** A report whose lineage is requested, and the other revision to look for. */
export const LineageFilter = ReportId.extend({
	wanted: optional(ReportId.shape.id),
});

/** The revisions for a report's server, newest first, and the one to compare it with. */
export const Lineage = z.object({
	revisions: z.array(Named),
	other: Named.nullable(),
});
export type Lineage = z.infer<typeof Lineage>;

/** The progress of a pending report's approval, or who approved a decided one. */
export const Approvals = z
	.object({
		required: statedNumber(
			z
				.int()
				.min(1)
				.describe(
					"How many distinct reviewers must approve; for a decided report, how many had to. While a report is pending, the number can rise, but never falls.",
				),
		),
		reason: z
			.string()
			.nullable()
			.describe("Why, in words; null where one is enough."),
		recorded: z
			.array(Approval)
			.describe(
				"Approvals given, oldest first: for a pending report since the last decision, for a decided one before it was decided. Those of earlier decisions are listed with them.",
			),
	})
	.meta({
		id: "Approvals",
		examples: [
			{
				required: 2,
				reason: "A critical check fails.",
				recorded: [approvalExample],
			},
		],
	});
export type Approvals = z.infer<typeof Approvals>;

/** The caller's own involvement with a report, as far as it affects approving it. */
export const Involvement = z.object({
	is_submitter: z.boolean(),
	/** For any report of the same repository. */
	has_submitted: z.boolean(),
	has_approved: z.boolean(),
});
export type Involvement = z.infer<typeof Involvement>;

/** The report that its submitter withdraws. */
export const Withdrawal = ReportId.extend({
	developer_email: NewReport.shape.developer_email,
}).meta({
	id: "Withdrawal",
	examples: [{ developer_email: summaryExample.developer_email }],
});
