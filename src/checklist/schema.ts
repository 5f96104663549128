import { z } from "zod";

/**
 * One of the six phases. Matched by name everywhere, because the numbers four and five differ between documents.
 */
export const Phase = z
	.enum([
		"security",
		"policy",
		"infrastructure",
		"authentication",
		"observability",
		"verification",
	])
	.describe("One of the six phases of the go-live checklist")
	.meta({ id: "Phase", examples: ["security"] });
export type Phase = z.infer<typeof Phase>;

/**
 * How important a check is: `critical` blocks the go-live, `required` must be answered, `recommended` should be.
 */
export const Severity = z
	.enum(["critical", "required", "recommended"])
	.describe(
		"critical: a failure blocks the go-live. required: must pass or be explained. recommended: should pass",
	)
	.meta({ id: "Severity", examples: ["critical"] });
export type Severity = z.infer<typeof Severity>;

/** A public document that a check is based on. */
export const Reference = z
	.object({
		title: z.string().describe("What the document is called"),
		url: z.string().describe("Where it is published"),
	})
	.describe("A public document that a check is based on")
	.meta({
		id: "ChecklistReference",
		examples: [
			{
				title: "RFC 8693: OAuth 2.0 Token Exchange",
				url: "https://www.rfc-editor.org/rfc/rfc8693",
			},
		],
	});
export type Reference = z.infer<typeof Reference>;

/** One check of the checklist. */
export const Check = z
	.object({
		id: z
			.string()
			.regex(/^[A-Z]{3,4}-\d+$/)
			.describe("Stable id, never reused for another check"),
		title: z.string().describe("Short name, the same in every report"),
		severity: Severity,
		section: z
			.string()
			.describe("Heading of the table in the report that holds the check"),
		question: z.string().describe("The question to the developer"),
		evidence: z.string().describe("What counts as evidence for a pass"),
		verify: z
			.string()
			.describe(
				"A command or procedure to show to the developer, in Markdown; it reads and changes nothing",
			),
		redesign: z
			.string()
			.describe("What to change when the check does not pass"),
		references: z.array(Reference).describe("Where the requirement comes from"),
	})
	.describe("One check of the go-live checklist")
	.meta({
		id: "Check",
		examples: [
			{
				id: "AUTH-1",
				title: "On-behalf-of only",
				severity: "critical",
				section: "On-Behalf-Of",
				question: "Does every call run with the signed-in user's own identity?",
				evidence: "The token exchange in the code, with file and line.",
				verify: "`git grep -nE 'client_credentials|api[_-]?key'`",
				redesign: "Replace the service principal by a token exchange.",
				references: [
					{
						title: "RFC 8693: OAuth 2.0 Token Exchange",
						url: "https://www.rfc-editor.org/rfc/rfc8693",
					},
				],
			},
		],
	});
export type Check = z.infer<typeof Check>;

/** One phase of the checklist with its checks, in the order in which they are asked. */
export const ChecklistPhase = z
	.object({
		id: Phase,
		number: z
			.int()
			.min(1)
			.max(6)
			.describe("Place in the guided run, from 1 to 6"),
		title: z.string().describe("Heading of the phase in a report"),
		summary: z.string().describe("What the phase is about, in one sentence"),
		checks: z
			.array(Check)
			.describe("The phase's checks, in the order in which they are asked"),
	})
	.describe("One phase of the go-live checklist")
	.meta({ id: "ChecklistPhase" });
export type ChecklistPhase = z.infer<typeof ChecklistPhase>;

/** The whole checklist as versioned data. */
export const Checklist = z
	.object({
		version: z
			.string()
			.describe("Semantic version; changes whenever a check changes"),
		phases: z.array(ChecklistPhase).describe("The six phases, in order"),
	})
	.describe("The go-live checklist: six phases and their checks")
	.meta({ id: "Checklist" });
export type Checklist = z.infer<typeof Checklist>;
