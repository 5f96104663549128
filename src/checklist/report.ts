import type { ReportHeader, RiskLevel, Verdict } from "./assessment-schema.ts";
import type { Claim } from "./read-claim.ts";
import type { Phase } from "./schema.ts";

/** A report's statement about a phase as a whole. */
export type PhaseVerdict = { phase: Phase; verdict: Verdict; line: number };

/** A report's own words, sorted by topic, before anything is judged. */
export type Report = {
	header: ReportHeader;
	/** Header fields that appear again, with their later values. */
	repeated: { field: keyof ReportHeader; value: string; line: number }[];
	/** The phases that have a heading, and its line. */
	phaseLines: Map<Phase, number>;
	verdicts: PhaseVerdict[];
	/** Places that call the server as a whole not ready. */
	refusals: { text: string; line: number }[];
	risks: { level: RiskLevel; line: number }[];
	/** Answers to checks, in order. */
	claims: Claim[];
};
