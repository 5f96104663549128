import { parseAccept } from "hono/utils/accept";

/**
 * Returns how much a client wants a media type, by its `Accept` header (RFC
 * 9110, section 12.5.1). The most specific range decides, and parameters are
 * ignored. Without the header, or with an empty one, every type is acceptable.
 *
 * @param type such as `application/json`
 * @returns from 0, for a type that is not acceptable, to 1
 */
export function qualityOf(accept: string | undefined, type: string): number {
	const ranges = parseAccept(accept ?? "");
	if (ranges.length === 0) return 1;
	// Old clients send `*` alone.
	for (const range of [type, `${type.split("/", 1)[0]}/*`, "*/*", "*"]) {
		const named = ranges.filter(({ type }) => type.toLowerCase() === range);
		// The list is sorted, best first.
		if (named[0]) return named[0].q;
	}
	return 0;
}
