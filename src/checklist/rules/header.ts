import { repositoryKey } from "../../core/repository.ts";
import type { ReportHeader } from "../assessment-schema.ts";
import { checklist } from "../checklist.ts";
import { toWords } from "../phrases.ts";
import type { AssessOptions, Draft, Reading } from "../reading.ts";

/** Header fields that can be compared, with their names, and when two values are the same. */
const comparisons: Partial<
	Record<
		keyof ReportHeader,
		{
			what: string;
			same: (one: string, other: string, options: AssessOptions) => boolean;
		}
	>
> = {
	server_name: { what: "server", same: sameName },
	repository: { what: "repository", same: sameRepository },
	developer: { what: "developer", same: sameDeveloper },
};
/** An e-mail address in running text, without surrounding punctuation. */
const address = /[^\s<>()[\]{}"'`,;:@]{1,100}@[^\s<>()[\]{}"'`,;:@]{1,250}/g;

/** Finds fields that the header lacks, and fields that differ from the submission. */
export function findHeaderContradictions({
	report: { header, repeated },
	options,
}: Reading): Draft[] {
	const { submission = {} } = options;
	const names = {
		"MCP Server Name": header.server_name,
		Repository: header.repository,
		Developer: header.developer,
	};
	const missing = Object.entries(names).flatMap(([name, value]): Draft[] =>
		value === null
			? [
					{
						rule: "header-missing",
						message: `The top of the report does not name ${name}.`,
					},
				]
			: [],
	);
	const version = header.checklist_version;
	const differs = version !== null && version !== checklist.version;
	return [
		...missing,
		...(differs
			? [
					{
						rule: "checklist-version-differs" as const,
						message: `The report was written with version ${version} of the checklist; this is ${checklist.version}.`,
					},
				]
			: []),
		...repeated.flatMap(({ field, value, line }) =>
			compareRepeated(field, [header[field], value], line, options),
		),
		...compare(
			"server_name",
			[header.server_name, submission.server_name],
			options,
		),
		...compare(
			"repository",
			[header.repository, submission.repository_url],
			options,
		),
		...compare(
			"developer",
			[header.developer, submission.developer_email],
			options,
		),
	];
}

/** Returns whether two names are the same except for case and punctuation. */
export function sameName(one: string, other: string): boolean {
	return toWords(one).join(" ") === toWords(other).join(" ");
}

/** Returns whether two addresses are the same repository, however they are written. */
export function sameRepository(
	one: string,
	other: string,
	{ aliases }: AssessOptions,
): boolean {
	return reduceAddress(one, aliases) === reduceAddress(other, aliases);
}

/**
 * Returns whether a developer's name or address is the submitter's; a name without an address cannot be compared.
 */
export function sameDeveloper(one: string, other: string): boolean {
	const [said, sent] = [readAddresses(one), readAddresses(other)];
	if (said.length === 0 || sent.length === 0) return true;
	return sent.some((address) => said.includes(address));
}

function readAddresses(text: string): string[] {
	return (text.toLowerCase().slice(0, 500).match(address) ?? []).map((found) =>
		found.replace(/\.+$/, ""),
	);
}

function compareRepeated(
	field: keyof ReportHeader,
	[first, later]: [string | null, string],
	line: number,
	options: AssessOptions,
): Draft[] {
	const compared = comparisons[field];
	if (!compared || first === null) return [];
	if (compared.same(first, later, options)) return [];
	const message = `The report names the ${compared.what} "${first.slice(0, 200)}", and later "${later.slice(0, 200)}".`;
	return [{ rule: "header-contradiction", line, message }];
}

function compare(
	field: keyof ReportHeader,
	[said, sent]: [string | null, string | undefined],
	options: AssessOptions,
): Draft[] {
	const compared = comparisons[field];
	if (!compared || said === null || sent === undefined) return [];
	const { what, same } = compared;
	if (same(said, sent, options)) return [];
	const message = `The report names the ${what} "${said.slice(0, 200)}", but it was submitted as "${sent.slice(0, 200)}".`;
	return [{ rule: "header-contradiction", message }];
}

/**
 * Normalises an address: a report may omit the scheme, put the address in angle brackets, or give a repository whose
 * name could be that of a page without `.git`.
 */
function reduceAddress(
	text: string,
	aliases: AssessOptions["aliases"],
): string {
	const address = text.trim().replace(/^<|>$/g, "");
	const spellings = [address, `https://${address}`, `${address}.git`];
	for (const spelling of spellings) {
		const key = repositoryKey(spelling, aliases && { aliases });
		if (key !== undefined) return key;
	}
	return address;
}
