import { combinationCheck, legChecks } from "../read-trifecta.ts";
import type { Draft, Reading } from "../reading.ts";
import type { ResolvedAnswer } from "../resolve-answers.ts";
import type { Phase } from "../schema.ts";
import { findRedFlag } from "./red-flags.ts";

/** Finds what the report itself says does not pass, and what its evidence gives away. */
export function findFailures(reading: Reading): Draft[] {
	return [
		...findTrifecta(reading),
		...reading.phases.flatMap((phase) =>
			phase.checks.flatMap(({ id }) => {
				const answer = reading.answers.get(id);
				if (!answer) return [];
				return [
					...describeStatus(phase.id, answer),
					...findRedFlag(phase.id, answer),
				];
			}),
		),
	];
}

function findTrifecta({ trifecta, answers }: Reading): Draft[] {
	const phase = "security";
	if (trifecta.combination === "complete")
		return [
			{
				rule: "trifecta-complete",
				phase,
				check: combinationCheck,
				line: answers.get(combinationCheck)?.line ?? null,
				message:
					"Private data, untrusted content and external communication come together in this server.",
			},
		];
	return Object.entries(legChecks).flatMap(([leg, check]) => {
		const answer = answers.get(check);
		const unclear = trifecta[leg as keyof typeof legChecks] === "unknown";
		if (!unclear || !answer || answer.status === "missing") return [];
		const message = `${check} ${answer.title} does not say whether the leg is absent, under control or present: begin its evidence with None, Controlled or Present.`;
		return [
			{ rule: "trifecta-unclear", phase, check, line: answer.line, message },
		];
	});
}

function describeStatus(phase: Phase, answer: ResolvedAnswer): Draft[] {
	const { id, title, severity, status, line } = answer;
	const about = { phase, check: id, line };
	if (status === "warning" || status === "not_applicable")
		return describeReservation(phase, answer);
	if (status !== "fail") return [];
	const rule = (
		{
			critical: "critical-check-failed",
			required: "check-failed",
			recommended: "recommended-check-failed",
		} as const
	)[severity];
	return [{ ...about, rule, message: `${id} ${title} does not pass.` }];
}

function describeReservation(
	phase: Phase,
	{ id, title, severity, status, line }: ResolvedAnswer,
): Draft[] {
	const about = { phase, check: id, line };
	const answered = `${id} ${title} is answered with ${status === "warning" ? "a warning" : "N/A"}`;
	const drafts: Draft[] = [];
	if (status === "warning")
		drafts.push({ ...about, rule: "check-warning", message: `${answered}.` });
	else if (phase === "verification")
		drafts.push({
			...about,
			rule: "verification-not-applicable",
			message: `${answered}, and belongs to every report.`,
		});
	if (severity === "critical")
		drafts.push({
			...about,
			rule: "critical-check-not-passed",
			message: `${answered}; a critical check has to pass.`,
		});
	return drafts;
}
