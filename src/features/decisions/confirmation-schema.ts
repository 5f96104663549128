import { z } from "zod";
import { time } from "../../core/fields.ts";
import { ReportId } from "../reports/schema.ts";

/** Minutes until a link expires. */
export const LIFETIME_MINUTES = 15;

/** Maximum number of open links per person. */
export const MAX_OPEN = 50;

/**
 * The secret of a link. Its format is not validated: a secret that was never issued is simply
 * unknown.
 */
export const ConfirmationToken = z.object({
	token: z
		.string()
		.max(500, "Is longer than any link of this service.")
		.describe("What follows /confirm/ in the link."),
});

/** A new link; its secret is never shown again. */
export const ConfirmationLink = z.object({
	url: z.string(),
	expires_at: time("When it ends"),
	required: z.int().describe("Reviewers who must approve the report."),
	reason: z.string().nullable(),
});
export type ConfirmationLink = z.infer<typeof ConfirmationLink>;

/** A requested approval, and whether it can still be confirmed. */
export const Confirmation = z.object({
	state: z
		.enum(["open", "expired", "used", "outdated"])
		.describe("outdated: the report was decided after the link was made."),
	report_id: ReportId.shape.id,
	reviewed_by: z
		.string()
		.describe("Who requested the approval, and would give it."),
	review_notes: z.string().nullable(),
	client: z
		.string()
		.nullable()
		.describe("The program that requested it, as it calls itself."),
	requested_at: time("When"),
	expires_at: time("When it ends"),
	used_at: time("When it was used").nullable(),
});
export type Confirmation = z.infer<typeof Confirmation>;
