import { checklist } from "../checklist.ts";
import { toWords } from "../phrases.ts";
import type { Draft, Reading } from "../reading.ts";
import { cutText, type ResolvedAnswer } from "../resolve-answers.ts";
import type { Phase } from "../schema.ts";
import { renderTemplate, verdictLabel } from "../template.ts";
import { noWords, yesWords } from "../wordings/statuses.ts";

const templatePlaceholders = new Set(
	[...renderTemplate().matchAll(/\[([^[\]\n]+)\]/g)].flatMap(([, text]) =>
		text?.trim() ? text.trim() : [],
	),
);
const bracket = /\[([^[\]\n]{1,120})\]/g;
const placeholderStart =
	/^(?:\.\.|…|insert|fill|your|add|describe|enter|todo|tbd|name|date|link|sett inn|fyll|beskriv)\b|^(?:\.\.|…)/i;
const openWord = /\b(?:TODO|TBD|FIXME|YYYY-MM-DD)\b/;
const emptyEvidence = new Set([
	...yesWords,
	...noWords,
	...["n a", "na", "pass", "fail", "ok", "todo", "tbd", "x"],
]);
/** "None" is the only possible evidence for an absent leg or an empty list of open points. */
const noneIsEvidence = new Set(["SEC-1", "SEC-2", "SEC-3", "VER-2"]);

/** Finds what is missing: phases, answers, evidence, reasons, verdicts, and placeholders not filled in. */
export function findGaps(reading: Reading): Draft[] {
	return [
		...reading.phases.flatMap((phase) => [
			...(phase.found ? findVerdictGap(phase) : [describeMissingPhase(phase)]),
			...phase.checks.flatMap(({ id }) => {
				const answer = reading.answers.get(id);
				return answer ? findAnswerGaps(phase.id, answer) : [];
			}),
		]),
		...findPlaceholders(reading),
	];
}

function describeMissingPhase({
	id,
	title,
}: {
	id: Phase;
	title: string;
}): Draft {
	return {
		rule: "phase-missing",
		phase: id,
		message: `The phase ${title} is not in the report.`,
	};
}

function findVerdictGap({
	id,
	line,
	verdict,
}: Reading["phases"][number]): Draft[] {
	const phase = checklist.phases.find((one) => one.id === id);
	if (verdict !== "unknown" || !phase) return [];
	const message = `The phase has no line "${verdictLabel(phase)}: PASS", WARNING or FAIL.`;
	return [{ rule: "verdict-missing", phase: id, line, message }];
}

function findAnswerGaps(phase: Phase, answer: ResolvedAnswer): Draft[] {
	const { id, title, severity, status, evidence, line } = answer;
	const about = { phase, check: id, line };
	const name = `${id} ${title}`;
	if (answer.unreadable)
		return [
			{
				...about,
				rule: "status-not-understood",
				message: `${name} is in the report, ${describeDoubt(answer)}`,
			},
		];
	if (status === "missing")
		return [
			{
				...about,
				rule:
					severity === "recommended"
						? "recommended-check-missing"
						: "check-missing",
				message:
					answer.missingParts.length > 0
						? `${name} is not answered for ${answer.missingParts.join(" and ")}.`
						: `${name} is not answered.`,
			},
		];
	if (hasEvidence(id, evidence)) return [];
	return [
		status === "not_applicable"
			? {
					...about,
					rule: "not-applicable-without-reason",
					message: `${name} is declared not applicable without a reason.`,
				}
			: {
					...about,
					rule: "evidence-missing",
					message: `${name} is answered without evidence.`,
				},
	];
}

function describeDoubt({ doubt }: ResolvedAnswer): string {
	if (!doubt) return "but its answer could not be understood.";
	const quoted = `"${cutText(doubt.text.replace(/\s+/g, " "), 60)}"`;
	return doubt.about === "pass"
		? `but ${quoted} beside its pass raises a doubt: write it as a row of the template's table, with ✅ Pass alone in the status column.`
		: `but its status ${quoted} could not be understood: write ✅ Pass, ❌ Fail, ⚠️ Warning or ➖ N/A alone there, and the rest as evidence.`;
}

function hasEvidence(id: string, evidence: string | null): boolean {
	const text = (evidence ?? "").trim();
	// However long the evidence is, its first words show whether it says something.
	const first = toWords(text.slice(0, 50));
	const words = first.length > 3 ? first : toWords(text);
	if (words.length === 0 || isPlaceholder(text.replace(/^\[|\]$/g, "")))
		return false;
	return noneIsEvidence.has(id) || !emptyEvidence.has(words.join(" "));
}

function findPlaceholders({ markdown }: Reading): Draft[] {
	const drafts: Draft[] = [];
	const look = (text: string, line: number) => {
		const found = findBracket(text) ?? openWord.exec(text)?.[0];
		if (!found) return;
		const message = `"${found}" is still to be filled in.`;
		drafts.push({ rule: "placeholder-left", line, message });
	};
	for (const block of markdown.blocks)
		if (block.type === "heading") look(block.text, block.line);
		else if (block.type === "row") look(block.cells.join(" | "), block.line);
		else for (const { text, line } of block.lines) look(text, line);
	return drafts;
}

function findBracket(text: string): string | undefined {
	if (!text.includes("[")) return undefined;
	return [...text.matchAll(bracket)].find(([, inside]) =>
		isPlaceholder(inside?.trim() ?? ""),
	)?.[0];
}

function isPlaceholder(text: string): boolean {
	return templatePlaceholders.has(text) || placeholderStart.test(text);
}
