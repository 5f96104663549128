import type { PhaseAssessment } from "../assessment-schema.ts";
import {
	combinationCheck,
	legChecks,
	saysAllPresent,
} from "../read-trifecta.ts";
import type { Draft, Reading } from "../reading.ts";
import { understatesRisk } from "../risk.ts";
import { findHeaderContradictions } from "./header.ts";
import { findStructuredContradictions } from "./structured-data.ts";

/** Finds places where the report contradicts itself or what it was submitted with. */
export function findContradictions(reading: Reading): Draft[] {
	return [
		...findAnswerContradictions(reading),
		...findLegContradictions(reading),
		...reading.phases.flatMap((phase) =>
			findVerdictContradiction(reading, phase),
		),
		...findRefusalContradiction(reading),
		...findCompletionContradiction(reading),
		...findRiskContradiction(reading),
		...findHeaderContradictions(reading),
		...findStructuredContradictions(reading),
	];
}

function findAnswerContradictions({ phases, answers }: Reading): Draft[] {
	return phases.flatMap((phase) =>
		phase.checks.flatMap(({ id, title, line }): Draft[] =>
			answers.get(id)?.contradictory
				? [
						{
							rule: "answer-contradiction",
							phase: phase.id,
							check: id,
							line,
							message: `${id} ${title} is answered in two ways; the worse one counts.`,
						},
					]
				: [],
		),
	);
}

/**
 * Finds a leg that passes with evidence that it is there, and a combination that passes with evidence that all three
 * are.
 */
function findLegContradictions({ answers, trifecta }: Reading): Draft[] {
	const legs = Object.entries(legChecks).filter(
		([leg]) => trifecta[leg as keyof typeof legChecks] === "present",
	);
	const combined = saysAllPresent(
		answers.get(combinationCheck)?.evidence ?? "",
	);
	return [
		...legs.map(([, id]) => id as string),
		...(combined ? [combinationCheck] : []),
	].flatMap((id): Draft[] => {
		const answer = answers.get(id);
		if (answer?.status !== "pass") return [];
		return [
			{
				rule: "answer-contradiction",
				phase: "security",
				check: id,
				line: answer.line,
				message: `${id} ${answer.title} passes, but its evidence says that it is present.`,
			},
		];
	});
}

function findVerdictContradiction(
	{ report }: Reading,
	{ id, title, verdict, checks }: PhaseAssessment,
): Draft[] {
	const given = report.verdicts.filter(({ phase }) => phase === id);
	const failed = checks.filter(
		({ status, severity }) => status === "fail" && severity !== "recommended",
	);
	const allPass = checks.every(
		({ status }) => status === "pass" || status === "not_applicable",
	);
	const reserved = checks.filter(
		({ status }) => status === "warning" || status === "fail",
	);
	const message =
		new Set(given.map((one) => one.verdict)).size > 1
			? `${title} has two different verdicts.`
			: (verdict === "pass" || verdict === "warning") && failed.length > 0
				? `${title} is ${verdict === "pass" ? "PASS" : "WARNING"}, but ${failed.map((check) => check.id).join(", ")} failed.`
				: verdict === "pass" && reserved.length > 0
					? `${title} is PASS, but ${reserved.map((check) => check.id).join(", ")} ${reserved.length === 1 ? "does" : "do"} not pass without a warning.`
					: verdict === "fail" && allPass
						? `${title} is FAIL, but every check passes.`
						: undefined;
	const line = given[0]?.line ?? null;
	return message
		? [{ rule: "verdict-contradiction", phase: id, line, message }]
		: [];
}

/** Finds a report that calls its server not ready, while no check says why. */
function findRefusalContradiction({ report, phases }: Reading): Draft[] {
	const [refusal] = report.refusals;
	const failed = phases
		.flatMap(({ checks }) => checks)
		.some(({ status }) => status === "fail");
	if (!refusal || failed) return [];
	return [
		{
			rule: "verdict-contradiction",
			line: refusal.line,
			message: `The report's own conclusion is "${refusal.text.slice(0, 200)}", but no check fails.`,
		},
	];
}

function findCompletionContradiction({ phases, answers }: Reading): Draft[] {
	const complete = answers.get("VER-1");
	const missing = phases
		.filter(({ id }) => id !== "verification")
		.flatMap(({ checks }) => checks)
		.filter(({ status }) => status === "missing").length;
	if (complete?.status !== "pass" || missing === 0) return [];
	return [
		{
			rule: "verdict-contradiction",
			phase: "verification",
			check: complete.id,
			line: complete.line,
			message: `${complete.id} says that every phase is complete, but ${missing === 1 ? "1 check is" : `${missing} checks are`} not answered.`,
		},
	];
}

function findRiskContradiction({
	report,
	risk,
	claimedRisk,
}: Reading): Draft[] {
	if (!understatesRisk(claimedRisk, risk)) return [];
	return [
		{
			rule: "risk-contradiction",
			phase: "security",
			line:
				report.risks.find(({ level }) => level === claimedRisk)?.line ?? null,
			message: `The report says that its risk is ${claimedRisk}; by its answers it is ${risk}.`,
		},
	];
}
