import { hasHidden } from "./repository.ts";

/** Characters of a folder's path in a repository. */
export const MAX_SUBFOLDER_LENGTH = 200;

/** A server's folder in its repository, and by what folders are compared; or a sentence that says why it is none. */
export type Subfolder =
	| { subfolder: string; key: string; problem?: undefined }
	| { problem: string; subfolder?: undefined; key?: undefined };

/**
 * Reads the folder of a server that shares its repository with others, without
 * what makes no difference: slashes around it and between, and `.`. Folders are
 * compared in small letters and compatible forms (NFKC).
 *
 * @param path relative to the repository, as in `packages/mcp-jira`
 */
export function readSubfolder(path: string): Subfolder {
	if (hasHidden(path)) return { problem: problems.hidden };
	if (notPlain.test(path)) return { problem: problems.plain };
	const names = path.split("/").filter((name) => name !== "" && name !== ".");
	if (names.includes("..")) return { problem: problems.up };
	if (names.some((name) => name.trim() !== name)) {
		return { problem: problems.hidden };
	}
	if (names.length === 0) return { problem: problems.none };
	const subfolder = names.join("/").normalize("NFC");
	// One letter has a form of its own at the end of a word.
	const key = subfolder.toLowerCase().normalize("NFKC").replaceAll("ς", "σ");
	return { subfolder, key };
}

/** What is read as a slash or stands for one, and spaces that are shown as one. */
const notPlain = /[\\%\u2044\u2215\u29F5\u29F8\uFE68\uFF0F\uFF3C]| {2}/;

const problems = {
	hidden:
		"Must not hold hidden characters, nor white space other than a space inside a name.",
	plain:
		"Must have / between its folders, as in packages/mcp-jira: no other slash, no %, and no two spaces in a row.",
	up: "Must not hold .. in its path: name the folder by its path from the top of the repository.",
	none: "Must name a folder inside the repository, as in packages/mcp-jira. Leave it out where the server is the whole repository.",
};
