import type {
	CheckAnswer,
	CheckStatus,
	PhaseAssessment,
	Verdict,
} from "./assessment-schema.ts";
import { checklist } from "./checklist.ts";
import type { Claim, Doubt } from "./read-claim.ts";
import type { Report } from "./report.ts";
import type { Check, ChecklistPhase } from "./schema.ts";
import { checkWordings } from "./wordings/checks.ts";

/** The answer to one check, and what is unusual about its places in the report. */
export type ResolvedAnswer = CheckAnswer & {
	/** Whether the check is named, but no place could be understood. */
	unreadable: boolean;
	/** Why it could not, if the reason is known. */
	doubt: Doubt | null;
	/** Whether places disagree, or one place contradicts itself. */
	contradictory: boolean;
	/** Parts of the check that the report says nothing about. */
	missingParts: string[];
};

/** Maximum length of evidence in an assessment, in characters. */
const evidenceLength = 2000;
const worstFirst: CheckStatus[] = ["fail", "warning", "not_applicable", "pass"];

/** Returns one answer for each check of the checklist, from all places in the report that are about it. */
export function resolveAnswers({
	claims,
}: Report): Map<string, ResolvedAnswer> {
	const byCheck = Map.groupBy(claims, ({ check }) => check.id);
	return new Map(
		checklist.phases.flatMap(({ checks }) =>
			checks.map((check) => [
				check.id,
				resolveAnswer(check, byCheck.get(check.id) ?? []),
			]),
		),
	);
}

/** Returns a phase with its answers, and the worst verdict that the report gives it. */
export function resolvePhase(
	{ id, number, title, checks }: ChecklistPhase,
	report: Report,
	answers: Map<string, ResolvedAnswer>,
): PhaseAssessment {
	const list = checks.flatMap((check) => answers.get(check.id) ?? []);
	const verdicts = report.verdicts.filter(({ phase }) => phase === id);
	const answered = list.filter(({ status }) => status !== "missing").length;
	// A single line in other words may have strayed in from another phase.
	const claimed = report.claims.find(
		({ phase, aside, byId }) =>
			phase === id && !aside && (answered > 1 || byId),
	);
	const worst = (["fail", "warning", "pass"] satisfies Verdict[]).find((one) =>
		verdicts.some(({ verdict }) => verdict === one),
	);
	return {
		id,
		number,
		title,
		found: report.phaseLines.has(id) || claimed !== undefined,
		line: report.phaseLines.get(id) ?? claimed?.line ?? null,
		verdict: worst ?? "unknown",
		answered,
		total: list.length,
		checks: list.map(({ id, title, severity, status, evidence, line }) => ({
			id,
			title,
			severity,
			status,
			evidence,
			line,
		})),
	};
}

function resolveAnswer(
	{ id, title, severity }: Check,
	claims: Claim[],
): ResolvedAnswer {
	// Recommendations and examples do not answer a check, even if nothing else does.
	const places = claims.filter(({ aside }) => !aside);
	const readable = places.filter(
		({ status }) => toAnswer(status) !== "missing",
	);
	const missingParts = findMissingParts(id, readable);
	const status =
		missingParts.length > 0
			? "missing"
			: (worstFirst.find((one) =>
					readable.some((claim) => claim.status === one),
				) ?? "missing");
	const unreadable = status === "missing" && places.some(isUnreadable);
	const chosen = places.filter((claim) => toAnswer(claim.status) === status);
	const evidence = chosen
		.map((claim) => claim.evidence.trim())
		.filter((text) => text !== "")
		.join("\n");
	return {
		id,
		title,
		severity,
		status,
		evidence:
			evidence === "" || (status === "missing" && !unreadable)
				? null
				: cutText(evidence, evidenceLength),
		line: (chosen[0] ?? places[0])?.line ?? null,
		unreadable,
		doubt:
			places.find((claim) => isUnreadable(claim) && claim.doubt)?.doubt ?? null,
		contradictory:
			new Set(readable.map((claim) => claim.status)).size > 1 ||
			places.some(({ contradictory }) => contradictory),
		missingParts,
	};
}

/** Cuts a text without splitting a character, and replaces invalid characters. */
export function cutText(text: string, length: number): string {
	const cut = text.length <= length ? text : `${text.slice(0, length - 1)}…`;
	return cut.toWellFormed();
}

function toAnswer(status: Claim["status"]): CheckStatus {
	return status === "unanswered" || status === "unreadable"
		? "missing"
		: status;
}

function isUnreadable({ status }: Claim): boolean {
	return status === "unreadable";
}

function findMissingParts(id: string, claims: Claim[]): string[] {
	const whole = claims.some((claim) => claim.parts.length === 0);
	if (claims.length === 0 || whole) return [];
	if (claims.some(({ status }) => status === "fail")) return [];
	const parts = Object.keys(checkWordings[id]?.parts ?? {});
	const named = new Set(claims.flatMap((claim) => claim.parts));
	return parts.filter((part) => !named.has(part));
}
