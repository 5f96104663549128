import type { Report } from "../../features/reports/schema.ts";

/** Maximum number of characters of a server's name in a file name. */
const LENGTH = 80;

/**
 * Returns the `content-disposition` of a report's download, named after the
 * server: in letters of every language (RFC 8187), and in ASCII for programs
 * that do not support them.
 *
 * @param extension such as `pdf`
 */
export function attachment(
	{ server_name, revision }: Pick<Report, "server_name" | "revision">,
	extension: string,
): string {
	const ending = `-r${revision}.${extension}`;
	const name = shorten(server_name.replaceAll(/[^\p{L}\p{M}\p{N}_.-]+/gu, "-"));
	const plain = shorten(server_name.replaceAll(/[^\w.-]+/g, "-"));
	const fallback = /[a-z\d]/i.test(plain) ? plain : "report";
	return `attachment; filename="${fallback}${ending}"${
		name === fallback
			? ""
			: `; filename*=UTF-8''${encodeURIComponent(name)}${ending}`
	}`;
}

/** Cuts at whole characters: half a surrogate pair cannot be encoded. */
function shorten(name: string): string {
	return [...name].slice(0, LENGTH).join("");
}
