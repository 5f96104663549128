import { parseAccept } from "hono/utils/accept";

/**
 * How much a client wants a media type, by its header `Accept` (RFC 9110,
 * section 12.5.1): what names the type best decides, and parameters make no
 * difference. Without the header, or an empty one, everything is welcome.
 *
 * @param type such as `application/json`
 * @returns from 0, for a type that is not taken, to 1
 */
export function qualityOf(accept: string | undefined, type: string): number {
	const ranges = parseAccept(accept ?? "");
	if (ranges.length === 0) return 1;
	// `*` alone is what old clients write.
	for (const range of [type, `${type.split("/", 1)[0]}/*`, "*/*", "*"]) {
		const named = ranges.filter(({ type }) => type.toLowerCase() === range);
		// The best first, as they are sorted.
		if (named[0]) return named[0].q;
	}
	return 0;
}
