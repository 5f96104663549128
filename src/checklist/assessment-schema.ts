import { z } from "zod";
import { riskLevels } from "../core/words.ts";
import { Phase, Severity } from "./schema.ts";

/** What a report says about one check. */
export const CheckStatus = z
	.enum(["pass", "fail", "warning", "not_applicable", "missing"])
	.describe(
		"What the report says about a check. missing: not answered, or not in words that could be understood",
	)
	.meta({ id: "CheckStatus", examples: ["pass"] });
export type CheckStatus = z.infer<typeof CheckStatus>;

/** The report's conclusion about one phase. */
export const Verdict = z
	.enum(["pass", "fail", "warning", "unknown"])
	.describe(
		"What the report itself concludes about a phase. unknown: no conclusion that could be understood",
	)
	.meta({ id: "Verdict", examples: ["pass"] });
export type Verdict = z.infer<typeof Verdict>;

/** How risky the server is, as far as its report shows. */
export const RiskLevel = z
	.enum(riskLevels)
	.describe(
		"critical: the lethal trifecta is complete, a critical check failed, or the report says so. high: a required check failed, or the report says so. medium: there are warnings, or the report says so. unknown: a critical check or a leg of the trifecta is not answered. low: everything else",
	)
	.meta({ id: "RiskLevel", examples: ["low"] });
export type RiskLevel = z.infer<typeof RiskLevel>;

/** One leg of the lethal trifecta, as the report describes it. */
export const TrifectaLeg = z
	.enum(["none", "controlled", "present", "unknown"])
	.describe(
		"One leg of the lethal trifecta. none: the server does not have it. controlled: it has it under control. present: it has it. unknown: the report does not say",
	)
	.meta({ id: "TrifectaLeg", examples: ["controlled"] });
export type TrifectaLeg = z.infer<typeof TrifectaLeg>;

/** The three legs of the lethal trifecta and their combination. */
export const Trifecta = z
	.object({
		private_data: TrifectaLeg,
		untrusted_content: TrifectaLeg,
		external_communication: TrifectaLeg,
		combination: z
			.enum(["complete", "broken", "unknown"])
			.describe(
				"complete: all three legs are present, or the report says that they combine. broken: at least one leg is absent or under control. unknown: the report does not say",
			),
	})
	.describe(
		"The lethal trifecta: private data, untrusted content and external communication in one server",
	)
	.meta({
		id: "Trifecta",
		examples: [
			{
				private_data: "controlled",
				untrusted_content: "controlled",
				external_communication: "none",
				combination: "broken",
			},
		],
	});
export type Trifecta = z.infer<typeof Trifecta>;

const line = z
	.int()
	.min(1)
	.nullable()
	.describe("Line of the report, counted from 1; null if there is none");

/** One check with what a report says about it. */
export const CheckAnswer = z
	.object({
		id: z.string().describe("Id of the check"),
		title: z.string().describe("Title of the check"),
		severity: Severity,
		status: CheckStatus,
		evidence: z
			.string()
			.nullable()
			.describe(
				"The evidence in the report's own words, at most 2,000 characters; text written by someone else",
			),
		line,
	})
	.describe("One check with what the report says about it")
	.meta({
		id: "CheckAnswer",
		examples: [
			{
				id: "SEC-1",
				title: "Access to private data",
				severity: "required",
				status: "pass",
				evidence: "OBO only: Using Azure AD tokens",
				line: 19,
			},
		],
	});
export type CheckAnswer = z.infer<typeof CheckAnswer>;

/** One phase with what a report says about it. */
export const PhaseAssessment = z
	.object({
		id: Phase,
		number: z.int().min(1).max(6).describe("Place in the checklist"),
		title: z.string().describe("Title of the phase"),
		found: z.boolean().describe("Whether the report has this phase at all"),
		line,
		verdict: Verdict,
		answered: z.int().describe("Answered checks of this phase"),
		total: z.int().describe("Checks of this phase"),
		checks: z.array(CheckAnswer).describe("Every check of the phase"),
	})
	.describe("One phase with what the report says about it")
	.meta({ id: "PhaseAssessment" });
export type PhaseAssessment = z.infer<typeof PhaseAssessment>;

/** How serious a finding is. */
export const FindingSeverity = z
	.enum(["error", "warning", "info"])
	.describe(
		"error: the report is incomplete, contradicts itself or names something that blocks. warning: a reviewer should look. info: good to know",
	)
	.meta({ id: "FindingSeverity", examples: ["error"] });
export type FindingSeverity = z.infer<typeof FindingSeverity>;

/** One thing that the assessment noticed. */
export const Finding = z
	.object({
		rule: z.string().describe("Id of the rule, explained in the rules' list"),
		severity: FindingSeverity,
		phase: Phase.nullable().describe("The phase concerned, if it is one"),
		check: z.string().nullable().describe("Id of the check, if it is one"),
		message: z.string().describe("What was noticed, for a person to read"),
		line,
	})
	.describe("One thing that the assessment noticed")
	.meta({
		id: "Finding",
		examples: [
			{
				rule: "check-missing",
				severity: "error",
				phase: "security",
				check: "SEC-6",
				message: "SEC-6 Tool descriptions is not answered.",
				line: null,
			},
		],
	});
export type Finding = z.infer<typeof Finding>;

const field = (text: string) => z.string().nullable().describe(text);

/** The fields at the top of a report, in the report's own words. */
export const ReportHeader = z
	.object({
		server_name: field("MCP Server Name"),
		repository: field("Repository"),
		developer: field("Developer"),
		review_date: field("Review Date"),
		review_duration: field("Review Duration"),
		checklist_version: field("Checklist Version"),
	})
	.describe(
		"The fields at the top of the report in its own words; null if absent or left as in the template",
	)
	.meta({ id: "ReportHeader" });
export type ReportHeader = z.infer<typeof ReportHeader>;

/** Everything the service itself reads in a report. It advises a reviewer and decides nothing. */
export const Assessment = z
	.object({
		checklist_version: z
			.string()
			.describe(
				"Version of the checklist that the report was assessed against",
			),
		risk_level: RiskLevel,
		claimed_risk_level: RiskLevel.describe(
			"The risk level that the report gives itself",
		),
		completeness: z
			.int()
			.min(0)
			.max(100)
			.describe(
				"Answered checks of all, in percent, rounded down; 100 only when all are answered",
			),
		answered: z.int().describe("Number of checks answered"),
		total: z.int().describe("Number of checks"),
		error_count: z.int().describe("Number of findings that are errors"),
		warning_count: z.int().describe("Number of findings that are warnings"),
		trifecta: Trifecta,
		header: ReportHeader,
		phases: z.array(PhaseAssessment).describe("The six phases, in order"),
		findings: z
			.array(Finding)
			.describe("What was noticed: errors first, then by line"),
	})
	.describe(
		"What the service itself reads in a report. It advises a reviewer and decides nothing",
	)
	.meta({ id: "Assessment" });
export type Assessment = z.infer<typeof Assessment>;

/** A rule of the assessment, as shown in the documentation. */
export const Rule = z
	.object({
		id: z.string().describe("Stable id of the rule"),
		severity: FindingSeverity,
		title: z.string().describe("The rule in a few words"),
		meaning: z.string().describe("What a finding of this rule means"),
		fix: z.string().describe("How to fix it"),
	})
	.describe("A rule of the assessment")
	.meta({
		id: "Rule",
		examples: [
			{
				id: "check-missing",
				severity: "error",
				title: "A check is not answered",
				meaning: "The report has no answer to this check.",
				fix: "Answer the check with Pass, Fail, Warning or N/A.",
			},
		],
	});
export type Rule = z.infer<typeof Rule>;
