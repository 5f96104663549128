import { html } from "hono/html";
import type {
	Assessment,
	CheckStatus,
	FindingSeverity,
	PhaseAssessment,
	RiskLevel,
	TrifectaLeg,
	Verdict,
} from "../../../checklist/assessment-schema.ts";
import { contradictedPass } from "../../../checklist/contradicted-pass.ts";
import type { ReportStatus } from "../../../features/reports/schema.ts";
import type { Html } from "../page.ts";

/** The tone of a badge; each has its own colour and sign. */
type Tone = "good" | "warn" | "bad" | "dire" | "quiet" | "open";

/** The names of the statuses on the pages. */
export const statusWords: Record<ReportStatus, string> = {
	pending_review: "Pending",
	approved: "Approved",
	rejected: "Rejected",
};

export function statusBadge(status: ReportStatus): Html {
	const tone = { pending_review: "open", approved: "good", rejected: "bad" };
	return badge(tone[status] as Tone, statusWords[status]);
}

export function riskBadge(risk: RiskLevel): Html {
	const tones: Record<RiskLevel, Tone> = {
		low: "good",
		medium: "warn",
		high: "bad",
		critical: "dire",
		unknown: "quiet",
	};
	return badge(tones[risk], `${capitalise(risk)}`);
}

export function checkBadge(status: CheckStatus | Verdict): Html {
	const known: Record<CheckStatus | Verdict, [Tone, string]> = {
		pass: ["good", "Pass"],
		fail: ["bad", "Fail"],
		warning: ["warn", "Warning"],
		not_applicable: ["quiet", "N/A"],
		missing: ["quiet", "Missing"],
		unknown: ["quiet", "No verdict"],
	};
	return badge(...known[status]);
}

/** Renders the report's own verdict on a phase, and what contradicts it. */
export function verdictBadge(
	phase: Pick<PhaseAssessment, "verdict" | "checks">,
): Html {
	const contradiction = contradictedPass(phase);
	return contradiction === undefined
		? checkBadge(phase.verdict)
		: badge("bad", `Report says pass, ${contradiction}`);
}

export function findingBadge(severity: FindingSeverity): Html {
	const known: Record<FindingSeverity, [Tone, string]> = {
		error: ["bad", "Error"],
		warning: ["warn", "Warning"],
		info: ["quiet", "Info"],
	};
	return badge(...known[severity]);
}

export function legBadge(leg: TrifectaLeg): Html {
	const tones: Record<TrifectaLeg, Tone> = {
		none: "good",
		controlled: "good",
		present: "bad",
		unknown: "quiet",
	};
	return badge(tones[leg], capitalise(leg));
}

export function trifectaBadge(
	combination: Assessment["trifecta"]["combination"],
): Html {
	const known: Record<typeof combination, [Tone, string]> = {
		complete: ["dire", "Trifecta complete"],
		broken: ["good", "No trifecta"],
		unknown: ["quiet", "Trifecta unknown"],
	};
	return badge(...known[combination]);
}

function badge(tone: Tone, words: string): Html {
	return html`<span class="badge ${tone}">${words}</span>`;
}

function capitalise(word: string): string {
	return word.charAt(0).toUpperCase() + word.slice(1);
}
