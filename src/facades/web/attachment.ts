import type { Report } from "../../features/reports/schema.ts";

/** Characters of a server's name that go into a file's. */
const LENGTH = 80;

/**
 * The `content-disposition` of a report's download, which is named after the
 * server: in letters of every language (RFC 8187), and in plain ones for
 * programs that know no others.
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

/** By whole characters: half of one cannot be encoded. */
function shorten(name: string): string {
	return [...name].slice(0, LENGTH).join("");
}
