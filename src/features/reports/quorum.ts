import type { Assessment } from "../../checklist/assessment-schema.ts";
import type { Config } from "../../core/config.ts";
import type { ReportStatus } from "./schema.ts";

/** The facts of an assessment that determine how many reviewers a report requires. */
export interface Gravity {
	critical_failures: number | null;
	/** `null`: there is no assessment, or none that recognised any critical check. */
	critical_unanswered: number | null;
	trifecta: Assessment["trifecta"]["combination"];
}

/** The operator's numbers. */
export type Quorum = Pick<
	Config,
	"APPROVAL_QUORUM" | "APPROVAL_QUORUM_UNKNOWN"
>;

/** How many distinct reviewers must approve a report, and why. */
export interface Requirement {
	required: number;
	/** In words; `null` where one is enough. */
	reason: string | null;
}

/** Returns, for an assessment not stored yet, what the database's generated columns would hold. */
export function gravityOf({
	phases,
	trifecta,
}: Pick<Assessment, "phases" | "trifecta">): Gravity {
	const critical = phases
		.flatMap(({ checks }) => checks)
		.filter(({ severity }) => severity === "critical");
	const count = (wanted: string) =>
		critical.filter(({ status }) => status === wanted).length;
	return {
		critical_failures: count("fail"),
		critical_unanswered: critical.length > 0 ? count("missing") : null,
		trifecta: trifecta.combination,
	};
}

/** Returns how many distinct reviewers a report itself requires; unknown counts as the worst. */
export function approvalsRequired(report: Gravity, quorum: Quorum): number {
	return Math.max(1, ...demandsOf(report, quorum).map(({ number }) => number));
}

/**
 * Returns how many reviewers a report requires: for a pending one the current rules' number, but
 * never fewer than it required before; for a decided one the number at that time.
 *
 * @param report `approvals_required` is the stored number
 */
export function requirementOf(
	report: Gravity & { status: ReportStatus; approvals_required: number | null },
	quorum: Quorum,
): Requirement {
	const own = approvalsRequired(report, quorum);
	const { status, approvals_required: kept } = report;
	const required =
		status === "pending_review" ? Math.max(own, kept ?? 1) : (kept ?? own);
	return { required, reason: reasonOf(report, required, quorum) };
}

function reasonOf(
	report: Gravity,
	required: number,
	quorum: Quorum,
): string | null {
	if (required === 1) return null;
	const causes = demandsOf(report, quorum)
		.filter(({ number }) => number >= required)
		.map(({ cause }) => cause);
	if (causes.length === 0) {
		return `It required ${required} reviewers before: when this review began, or for another revision for the same repository that is under review, or was in the last ${MEMORY_DAYS} days. That number never falls.`;
	}
	const [first = "", ...others] = listFormat.format(causes);
	return `${first.toUpperCase()}${others.join("")}.`;
}

/** Days for which a repository's later revisions require as many reviewers as an earlier one. */
export const MEMORY_DAYS = 30;

const listFormat = new Intl.ListFormat("en-GB");

/** Returns everything about a report that demands a number of reviewers. */
function demandsOf(
	{ critical_failures, critical_unanswered, trifecta }: Gravity,
	{ APPROVAL_QUORUM: known, APPROVAL_QUORUM_UNKNOWN: unknown = known }: Quorum,
): { number: number; cause: string }[] {
	const demands: [isSo: boolean, number: number, cause: string][] = [
		[(critical_failures ?? 0) > 0, known, "a critical check fails"],
		[trifecta === "complete", known, "the lethal trifecta is complete"],
		[critical_unanswered === null, unknown, "the report is not assessed"],
		[
			(critical_unanswered ?? 0) > 0,
			unknown,
			critical_unanswered === 1
				? "a critical check is not answered"
				: `${critical_unanswered} critical checks are not answered`,
		],
		[
			trifecta === "unknown",
			unknown,
			"it is unknown whether the lethal trifecta is complete",
		],
	];
	return demands
		.filter(([isSo]) => isSo)
		.map(([, number, cause]) => ({ number, cause }));
}
