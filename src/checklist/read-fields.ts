import { normalizeAddress } from "./address.ts";
import type { ReportHeader, RiskLevel } from "./assessment-schema.ts";
import { toKey, toWords } from "./phrases.ts";
import { takeMarkers } from "./take-markers.ts";
import { headerLabels } from "./wordings/fields.ts";
import { riskLabels } from "./wordings/phases.ts";
import { riskWords } from "./wordings/statuses.ts";

const headerFields = new Map(
	Object.entries(headerLabels).flatMap(([field, labels]) =>
		labels.map((label) => [toKey(label), field as keyof ReportHeader] as const),
	),
);
const risks = new Set(riskLabels);
const riskByWord = new Map(
	Object.entries(riskWords).flatMap(([level, words]) =>
		words.map((word) => [word as string, level as RiskLevel] as const),
	),
);
const riskBySign = {
	pass: "low",
	warning: "medium",
	fail: "high",
} as Record<string, RiskLevel>;

/** Returns the header field that a label's key names, such as `repository` or `utvikler`. */
export function findHeaderField(key: string): keyof ReportHeader | undefined {
	return headerFields.get(key);
}

/**
 * Returns a header field's value, or null if it is still the template's placeholder. A linked repository is the
 * link's address.
 */
export function readHeaderValue(
	field: keyof ReportHeader,
	text: string,
	links: string[],
): string | null {
	const [link = ""] = field === "repository" ? links : [];
	const value = normalizeAddress(link) || text.trim();
	if (/^\[.*\]$/.test(value)) return null;
	return value || null;
}

/** Returns whether a label's key names the risk level. */
export function isRiskLabel(key: string): boolean {
	return risks.has(key);
}

/** Reads a risk level such as `🟢 LOW` or `Lav`; several at once, as in a template, are `unknown`. */
export function readRisk(text: string): RiskLevel {
	const { found, without } = takeMarkers(text.slice(0, 200));
	if (without.startsWith("[")) return "unknown";
	const words = toWords(without).slice(0, 8);
	const levels = new Set(words.flatMap((word) => riskByWord.get(word) ?? []));
	if (levels.size === 0)
		for (const sign of found) levels.add(riskBySign[sign] ?? "unknown");
	const [level, ...others] = levels;
	return level === undefined || others.length > 0 ? "unknown" : level;
}
