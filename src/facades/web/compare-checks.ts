import type {
	Assessment,
	CheckAnswer,
	CheckStatus,
	Finding,
} from "../../checklist/assessment-schema.ts";

/** A check that two revisions answer differently. */
export interface CheckChange {
	check: CheckAnswer;
	before: CheckStatus;
	after: CheckStatus;
	kind: "worse" | "better" | "other";
}

const goodness: Record<CheckStatus, number> = {
	fail: 0,
	missing: 1,
	warning: 2,
	not_applicable: 3,
	pass: 4,
};

const order = ["worse", "better", "other"];

/** Returns the checks whose answer changed: first those that became worse, then those that became better. */
export function compareChecks(
	before: Assessment,
	after: Assessment,
): CheckChange[] {
	const earlier = new Map(checksOf(before).map((check) => [check.id, check]));
	return checksOf(after)
		.flatMap((check) => {
			const was = earlier.get(check.id)?.status ?? "missing";
			if (was === check.status) return [];
			const kind = kindOf(was, check.status);
			return [{ check, before: was, after: check.status, kind }];
		})
		.sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
}

/**
 * Returns the findings of one assessment that the other does not have; a moved
 * line does not make a difference.
 */
export function findingsOnlyIn(one: Assessment, other: Assessment): Finding[] {
	const known = new Set(other.findings.map(keyOf));
	return one.findings.filter((finding) => !known.has(keyOf(finding)));
}

function kindOf(before: CheckStatus, after: CheckStatus): CheckChange["kind"] {
	// The reviewer must judge whether "not applicable" is right.
	if (before === "not_applicable" || after === "not_applicable") return "other";
	return goodness[after] > goodness[before] ? "better" : "worse";
}

function checksOf(assessment: Assessment): CheckAnswer[] {
	return assessment.phases.flatMap(({ checks }) => checks);
}

function keyOf({ rule, check, message }: Finding): string {
	return `${rule} ${check} ${message}`;
}
