import { z } from "zod";
import { time } from "../../core/fields.ts";
import { ReportId } from "../reports/schema.ts";

/** Minutes for which a link can be used. */
export const LIFETIME_MINUTES = 15;

/** Links of one person that can be open at once. */
export const MAX_OPEN = 50;

/** The secret of a link. Of any shape: what was never made is unknown, however it looks. */
export const ConfirmationToken = z.object({
	token: z
		.string()
		.max(500, "Is longer than any link of this service.")
		.describe("What follows /confirm/ in the link."),
});

/** A link that was made just now: the only time that it is shown. */
export const ConfirmationLink = z.object({
	url: z.string(),
	expires_at: time("When it ends"),
	required: z.int().describe("Reviewers who must approve the report."),
	reason: z.string().nullable(),
});
export type ConfirmationLink = z.infer<typeof ConfirmationLink>;

/** What waits for its person, and whether it still can be confirmed. */
export const Confirmation = z.object({
	state: z
		.enum(["open", "expired", "used", "outdated"])
		.describe("outdated: the report was decided since the link was made."),
	report_id: ReportId.shape.id,
	reviewed_by: z.string().describe("Who asked, and would approve."),
	review_notes: z.string().nullable(),
	client: z
		.string()
		.nullable()
		.describe("The program that asked, as it calls itself."),
	requested_at: time("When"),
	expires_at: time("When it ends"),
	used_at: time("When it was used").nullable(),
});
export type Confirmation = z.infer<typeof Confirmation>;
