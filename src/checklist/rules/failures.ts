import { findPhrases, indexPhrases, toWords } from "../phrases.ts";
import { combinationCheck, legChecks } from "../read-trifecta.ts";
import type { Draft, Reading } from "../reading.ts";
import type { ResolvedAnswer } from "../resolve-answers.ts";
import type { RuleId } from "../rules.ts";
import type { Phase } from "../schema.ts";

type RedFlag = { rule: RuleId; says: string; phrases: string[] };

/** What must never be in production, by the check that asks for it, and how a report gives it away in its evidence. */
const redFlags: Record<string, RedFlag> = {
	"AUTH-1": {
		rule: "api-key-or-service-principal",
		says: "an API key or a service principal",
		phrases: [
			"api key",
			"api keys",
			"apikey",
			"service principal",
			"service principals",
			"client credentials",
			"api nøkkel",
			"api nøkler",
			"tjenestekonto",
		],
	},
	"POL-3": {
		rule: "production-data-in-tests",
		says: "production data",
		phrases: [
			"production data",
			"prod data",
			"live data",
			"real data",
			"customer data",
			"produksjonsdata",
			"kundedata",
			"ekte data",
		],
	},
	"POL-6": {
		rule: "no-pipeline",
		says: "a deployment by hand",
		phrases: [
			"no pipeline",
			"no ci cd",
			"manual deployment",
			"manual deployments",
			"manual deploy",
			"deployed manually",
			"deployed by hand",
			"ingen pipeline",
			"manuell utrulling",
			"rulles ut manuelt",
		],
	},
	"POL-5": {
		rule: "no-scanning",
		says: "missing scans",
		phrases: [
			"no scanning",
			"no scan",
			"no security scanning",
			"not scanned",
			"ingen skanning",
			"skannes ikke",
		],
	},
	"SEC-5": {
		rule: "prohibited-content",
		says: "audio, images or resource links",
		phrases: [
			"audio",
			"image",
			"images",
			"resource link",
			"resource links",
			"lyd",
			"bilder",
			"ressurslenker",
		],
	},
};
const denials = new Set(
	"no not none never without neither nor instead ingen ikke uten aldri verken avoid refuses refused rejects rejected forbids forbidden blocks blocked removed replaced denied fjernet erstattet avvises".split(
		" ",
	),
);
const indexes = new Map(
	Object.entries(redFlags).map(([id, { phrases }]) => [
		id,
		indexPhrases(phrases.map((phrase) => [phrase, phrase] as const)),
	]),
);

/** What the report itself says does not pass, and what its evidence gives away. */
export function findFailures(reading: Reading): Draft[] {
	return [
		...findTrifecta(reading),
		...reading.phases.flatMap((phase) =>
			phase.checks.flatMap(({ id }) => {
				const answer = reading.answers.get(id);
				if (!answer) return [];
				return [
					...describeStatus(phase.id, answer),
					...describeRedFlag(phase.id, answer),
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
		const message = `${check} ${answer.title} does not say whether the leg is absent, under control or present.`;
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

function describeRedFlag(
	phase: Phase,
	{ id, title, status, evidence, line }: ResolvedAnswer,
): Draft[] {
	const flag = redFlags[id];
	if (!flag || status === "missing") return [];
	const message =
		status === "fail"
			? `${id} ${title} does not pass: ${flag.says}.`
			: givesAway(id, evidence ?? "")
				? `The evidence of ${id} ${title} speaks of ${flag.says}.`
				: undefined;
	return message ? [{ rule: flag.rule, phase, check: id, line, message }] : [];
}

function givesAway(id: string, evidence: string): boolean {
	const index = indexes.get(id);
	if (!index) return false;
	// A denial counts within its own sentence only.
	return evidence.split(/[.;!?\n](?:\s|$)/).some((sentence) => {
		const words = toWords(sentence);
		const ownDenial = (phrase: string) =>
			toWords(phrase).some((word) => denials.has(word));
		const denied = words.some((word) => denials.has(word));
		return findPhrases(index, words).some(
			({ value }) => !denied || ownDenial(value),
		);
	});
}
