import type { ReportHeader, Verdict } from "./assessment-schema.ts";
import { hasDoubt, isDenial } from "./doubt.ts";
import { findVerdictPhase } from "./find-phase.ts";
import { toWords } from "./phrases.ts";
import {
	findHeaderField,
	isRiskLabel,
	readHeaderValue,
	readRisk,
} from "./read-fields.ts";
import { combineStatuses, type ReadStatus, readStatus } from "./read-status.ts";
import type { Report } from "./report.ts";
import type { Phase } from "./schema.ts";
import { takeMarkers } from "./take-markers.ts";
import { overallLabels } from "./wordings/phases.ts";

/** Labels that mean the header even below a phase; others, such as "name", have many meanings there. */
const templateFields = new Set(["mcp server name", "repository", "developer"]);

const overall = new Set(overallLabels);
/** What a server is not when it is "not ready", "no go" or "ikke klar". */
const approvals = new Set(
	"ready go approved recommended fit klar godkjent anbefalt".split(" "),
);

/** A label and its value, with the addresses linked in the line. */
type Labelled = {
	label: string;
	/** The label's key. */
	key: string;
	rest: string;
	links: string[];
	line: number;
};

/**
 * Reads a label and its value as a header field, a risk level or a phase's verdict; returns false if it is none of
 * them.
 */
export function readLabelled(
	report: Report,
	around: Phase | null,
	{ label, key, rest, links, line }: Labelled,
): boolean {
	if (key === "" || label.length > 80) return false;
	const field = findHeaderField(key);
	if (field && report.phaseLines.size === 0) {
		readHeaderField(report, field, readHeaderValue(field, rest, links), line);
		return true;
	}
	if (field && templateFields.has(key) && report.header[field] !== null)
		readHeaderField(report, field, readHeaderValue(field, rest, links), line);
	if (isRiskLabel(key)) {
		report.risks.push({ level: readRisk(rest), line });
		return true;
	}
	if (overall.has(key)) {
		if (isRefusal(rest)) report.refusals.push({ text: rest, line });
		return true;
	}
	const phase = findVerdictPhase(key, around);
	if (phase) addVerdict(report, phase, readVerdict(rest), line);
	return phase !== undefined;
}

function isRefusal(text: string): boolean {
	const { status } = readStatus(text, false, () => true);
	const words = toWords(text.slice(0, 500));
	const denied = words.some(
		(word, at) =>
			isDenial(word) && approvals.has(words[at + 1] ?? words[at] ?? ""),
	);
	return status === "fail" || denied || (status === "pass" && hasDoubt(text));
}

/** The first place sets a field; each later one is kept for comparison. */
function readHeaderField(
	report: Report,
	field: keyof ReportHeader,
	value: string | null,
	line: number,
): void {
	if (value === null) return;
	if (report.header[field] === null) report.header[field] = value;
	else report.repeated.push({ field, value, line });
}

/** Takes a sign in a phase's heading as its verdict. */
export function addMarkedVerdict(
	report: Report,
	phase: Phase,
	heading: string,
	line: number,
): void {
	const { found, without } = takeMarkers(heading);
	if (found.length === 0) return;
	const { status } = combineStatuses(found);
	const doubtful = status === "pass" && hasDoubt(without);
	addVerdict(report, phase, doubtful ? "unknown" : toVerdict(status), line);
}

function readVerdict(text: string): Verdict {
	return toVerdict(readStatus(text).status);
}

function toVerdict(status: ReadStatus["status"]): Verdict {
	return status === "pass" || status === "fail" || status === "warning"
		? status
		: "unknown";
}

function addVerdict(
	report: Report,
	phase: Phase,
	verdict: Verdict,
	line: number,
): void {
	if (verdict !== "unknown") report.verdicts.push({ phase, verdict, line });
}
