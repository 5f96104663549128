import type { CheckAnswer, RiskLevel, Trifecta } from "./assessment-schema.ts";
import type { Report } from "./report.ts";

/**
 * Returns whether the level that a report gives itself is too low for its answers. Only a high risk contradicts a
 * lower level: the skill's level is about the trifecta and the security phase, so a warning elsewhere leaves it low.
 * High is the highest level in the skill, and fits a risk that is critical.
 */
export function understatesRisk(claimed: RiskLevel, risk: RiskLevel): boolean {
	return (
		(risk === "high" || risk === "critical") && isLowerRisk(claimed, "high")
	);
}

/**
 * Returns how risky the server is by the report's answers and its own level, which can raise the risk but never lower
 * it.
 */
export function judgeRisk(
	{ risks }: Report,
	answers: Map<string, CheckAnswer>,
	trifecta: Trifecta,
): { risk: RiskLevel; claimedRisk: RiskLevel } {
	const found = judgeAnswers([...answers.values()], trifecta);
	const claimedRisk = risks
		.map(({ level }) => level)
		.filter((level) => level !== "unknown")
		.reduce<RiskLevel>(
			(worst, level) =>
				worst === "unknown" || isLowerRisk(worst, level) ? level : worst,
			"unknown",
		);
	if (found === "unknown")
		return {
			risk: isLowerRisk("medium", claimedRisk) ? claimedRisk : "unknown",
			claimedRisk,
		};
	return {
		risk: isLowerRisk(found, claimedRisk) ? claimedRisk : found,
		claimedRisk,
	};
}

const order: RiskLevel[] = ["low", "medium", "high", "critical"];

/** Returns whether one risk level is lower than another; `unknown` is neither lower nor higher. */
function isLowerRisk(one: RiskLevel, other: RiskLevel): boolean {
	return (
		one !== "unknown" &&
		other !== "unknown" &&
		order.indexOf(one) < order.indexOf(other)
	);
}

function judgeAnswers(answers: CheckAnswer[], trifecta: Trifecta): RiskLevel {
	const has = (status: string, ...severities: string[]) =>
		answers.some(
			(answer) =>
				answer.status === status && severities.includes(answer.severity),
		);
	const { combination, ...legs } = trifecta;
	if (combination === "complete" || has("fail", "critical")) return "critical";
	if (has("fail", "required")) return "high";
	if (has("missing", "critical") || Object.values(legs).includes("unknown"))
		return "unknown";
	const warned = has("warning", "critical", "required", "recommended");
	return warned || has("fail", "recommended") ? "medium" : "low";
}
