import { readRisk } from "../read-fields.ts";
import { readStatus } from "../read-status.ts";
import type { AssessOptions, Draft, Reading } from "../reading.ts";
import { understatesRisk } from "../risk.ts";
import { sameDeveloper, sameName, sameRepository } from "./header.ts";

type Said = string | undefined;

/** Finds where structured data (`report_json`) contradict the text they came with. Unknown keys are ignored. */
export function findStructuredContradictions(reading: Reading): Draft[] {
	const data = reading.options.reportJson;
	if (!isObject(data)) return [];
	return [
		...compareRisk(reading, data),
		...compareStatus(reading, data),
		...compareServer(reading, data),
	].map((message) => ({ rule: "structured-data-contradiction", message }));
}

function compareRisk({ risk, claimedRisk }: Reading, data: object): string[] {
	const places = ["phase1_security", "executive_summary"] as const;
	return places.flatMap((place) => {
		const level = readRisk(readText(data, place, "risk_level") ?? "");
		const differs =
			level !== "unknown" && claimedRisk !== "unknown" && level !== claimedRisk;
		const tooLow = understatesRisk(level, risk);
		if (!differs && !tooLow) return [];
		return `report_json.${place}.risk_level is ${level}; the report says ${differs ? claimedRisk : risk}.`;
	});
}

function compareStatus({ answers }: Reading, data: object): string[] {
	const failed = [...answers.values()].filter(
		({ status }) => status === "fail",
	);
	const critical = failed.filter(({ severity }) => severity === "critical");
	const overall = readText(data, "executive_summary", "overall_status");
	const passes =
		overall !== undefined &&
		readStatus(overall, false, () => true).status === "pass";
	const count = readMember(
		readMember(data, "executive_summary"),
		"critical_issues_count",
	);
	const ids = failed.map(({ id }) => id).join(", ");
	return [
		...(passes && failed.length > 0
			? [
					`report_json.executive_summary.overall_status passes, but ${ids} failed.`,
				]
			: []),
		...(count === 0 && critical.length > 0
			? [
					`report_json counts no critical issue, but ${critical.map(({ id }) => id).join(", ")} failed.`,
				]
			: []),
	];
}

function compareServer(
	{ report: { header }, options }: Reading,
	data: object,
): string[] {
	const info = (...keys: string[]): Said =>
		keys
			.map((key) => readText(data, "server_info", key))
			.find((value) => value !== undefined);
	const differs = (
		said: string | null,
		value: Said,
		same: (one: string, other: string, also: AssessOptions) => boolean,
	) => said !== null && value !== undefined && !same(said, value, options);
	return [
		differs(header.server_name, info("server_name", "name"), sameName)
			? "report_json.server_info names a different server from the report."
			: "",
		differs(
			header.repository,
			info("repository_url", "repository"),
			sameRepository,
		)
			? "report_json.server_info names a different repository from the report."
			: "",
		differs(
			header.developer,
			info("developer_email", "developer"),
			sameDeveloper,
		)
			? "report_json.server_info names a different developer from the report."
			: "",
	].filter((message) => message !== "");
}

function readText(data: object, group: string, key: string): Said {
	const value = readMember(readMember(data, group), key);
	return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

function readMember(data: unknown, key: string): unknown {
	return isObject(data) && Object.hasOwn(data, key)
		? (data as Record<string, unknown>)[key]
		: undefined;
}

function isObject(data: unknown): data is object {
	return typeof data === "object" && data !== null;
}
