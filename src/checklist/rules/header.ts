import { repositoryKey } from "../../reports/repository.ts";
import { checklist } from "../checklist.ts";
import { toWords } from "../phrases.ts";
import type { Draft, Reading } from "../reading.ts";

/** Fields that the header lacks, and fields that name something else than the submission. */
export function findHeaderContradictions({
	report: { header },
	options: { submission },
}: Reading): Draft[] {
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
		...(submission
			? [
					...compare(
						"server",
						header.server_name,
						submission.server_name,
						sameName,
					),
					...compare(
						"repository",
						header.repository,
						submission.repository_url,
						sameRepository,
					),
					...compare(
						"developer",
						header.developer,
						submission.developer_email,
						sameDeveloper,
					),
				]
			: []),
	];
}

/** Whether two names are the same but for case and punctuation. */
export function sameName(one: string, other: string): boolean {
	return toWords(one).join(" ") === toWords(other).join(" ");
}

/** Whether two addresses are the same repository, however they are written. */
export function sameRepository(one: string, other: string): boolean {
	return reduceAddress(one) === reduceAddress(other);
}

/** Whether a developer's name or address is the submitter's; a name without an address cannot be compared. */
export function sameDeveloper(one: string, other: string): boolean {
	return (
		!one.includes("@") || one.toLowerCase().includes(other.toLowerCase().trim())
	);
}

function compare(
	what: string,
	said: string | null,
	sent: string,
	same: (one: string, other: string) => boolean,
): Draft[] {
	if (said === null || same(said, sent)) return [];
	const message = `The report names the ${what} "${said.slice(0, 200)}", but it was submitted as "${sent.slice(0, 200)}".`;
	return [{ rule: "header-contradiction", message }];
}

/** A report may leave the scheme away, or put the address in angle brackets. */
function reduceAddress(text: string): string {
	const address = text.trim().replace(/^<|>$/g, "");
	return (
		repositoryKey(address) ?? repositoryKey(`https://${address}`) ?? address
	);
}
