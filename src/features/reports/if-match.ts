import { z } from "zod";

/** Matches one entity tag; a weak one begins with `W/` (RFC 9110, section 8.8.3). */
const tag = /(W\/)?"([\x21\x23-\x7e\x80-\u{10ffff}]*)"/gu;

/**
 * The states of a report in which a change shall be made, as given by the header `If-Match` (RFC
 * 9110, section 13.1.1).
 */
export const IfMatch = z
	.string()
	.max(2000, "Must be at most 2,000 characters.")
	.refine(
		(text) => text.trim() === "*" || isListOfTags(text),
		'Must be the ETag of GET /reports/{id}, quotes included, as in "…"; several, separated by commas; or * for any.',
	)
	.describe(
		"Only if the report has not changed since the answer of `GET /reports/{id}` with this `ETag`; otherwise nothing is done (412). Several may be given, separated by commas, or `*` for any state.",
	);

/**
 * Returns whether `If-Match` names a version. Weak tags never match: they do not guarantee that the
 * answer was identical.
 */
export function isMeant(ifMatch: string, version: string): boolean {
	if (ifMatch.trim() === "*") return true;
	return [...ifMatch.matchAll(tag)].some(
		([, weak, opaque]) => weak === undefined && opaque === version,
	);
}

function isListOfTags(text: string): boolean {
	const rest = text.replaceAll(tag, "");
	return rest !== text && /^[\s,]*$/.test(rest);
}
