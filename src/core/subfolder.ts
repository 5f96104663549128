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
	if (names.some((name) => name.endsWith(".")))
		return { problem: problems.dot };
	if ([...path].some(isLookAlike)) return { problem: problems.alike };
	if (names.length === 0) return { problem: problems.none };
	const subfolder = names.join("/").normalize("NFC");
	// Twice: some letters are small ones only in their compatible form, and others take another one as small letters.
	const small = subfolder.normalize("NFKC").toLowerCase().normalize("NFKC");
	// One letter has a form of its own at the end of a word.
	const key = small.replaceAll("ς", "σ");
	return { subfolder, key };
}

/** What is read as a slash, a mark that stands on no letter, and spaces that are shown as one. */
const notPlain = /[\\%\uFF0F\uFF3C]| {2}|(?:^|[^\p{L}\p{N}\p{M}])\p{M}/u;

/**
 * Whether a character can pass for one that folders have: a sign or a symbol
 * that is not of ASCII, such as one of the many dashes, or one that stands for
 * more than a letter or a number, as ⒈ does for "1.".
 */
function isLookAlike(character: string): boolean {
	if (character <= "\x7F") return false;
	return (
		/[\p{P}\p{S}\u02B0-\u02FF]/u.test(character) ||
		/[\p{P}\p{S}\p{Z}]/u.test(character.normalize("NFKC"))
	);
}

const problems = {
	hidden:
		"Must not hold hidden characters, nor white space other than a space inside a name.",
	plain:
		"Must have / between its folders, as in packages/mcp-jira: no other slash, no %, no accent without its letter, and no two spaces in a row.",
	alike:
		"Must have no signs but those of ASCII, as in packages/mcp-jira: others look like them. Type the - and the . of the keyboard.",
	dot: "Must not hold a name that ends in a dot: it can be taken for the name without it.",
	up: "Must not hold .. in its path: name the folder by its path from the top of the repository.",
	none: "Must name a folder inside the repository, as in packages/mcp-jira. Leave it out where the server is the whole repository.",
};
