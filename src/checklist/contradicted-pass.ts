import type { PhaseAssessment } from "./assessment-schema.ts";

/**
 * Returns what contradicts a phase that the report calls passed: `SEC-5 fails`, or `2 checks fail`; `undefined` if
 * nothing does.
 */
export function contradictedPass({
	verdict,
	checks,
}: Pick<PhaseAssessment, "verdict" | "checks">): string | undefined {
	if (verdict !== "pass") return undefined;
	const failed = checks.filter(({ status }) => status === "fail");
	const [first] = failed;
	if (!first) return undefined;
	return failed.length === 1
		? `${first.id} fails`
		: `${failed.length} checks fail`;
}
