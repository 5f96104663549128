import { hasHidden } from "./repository.ts";

/** Maximum length of a folder's path in characters. */
export const MAX_SUBFOLDER_LENGTH = 200;

/**
 * A server's folder in its repository, and the key by which folders are compared; or a sentence
 * that says why it is not valid.
 */
export type Subfolder =
	| { subfolder: string; key: string; problem?: undefined }
	| { problem: string; subfolder?: undefined; key?: undefined };

/**
 * Normalises the folder of a server that shares its repository with others: removes leading,
 * trailing and repeated slashes, and `.`. Folders are compared in lower case and in compatibility
 * form (NFKC).
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

/**
 * Matches characters that are read as a slash, a combining mark without a letter, and repeated
 * spaces, which are displayed as one.
 */
const notPlain = /[\\%\uFF0F\uFF3C]| {2}|(?:^|[^\p{L}\p{N}\p{M}])\p{M}/u;

/**
 * Returns whether a character can be mistaken for one that folder names use: a non-ASCII sign or
 * symbol, such as one of the many dashes, or one that stands for more than a letter or number, as ⒈
 * does for "1.".
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
		"Must not contain hidden characters, or white space other than a space inside a name.",
	plain:
		"Must have / between its folders, as in packages/mcp-jira: no other slash, no %, no accent without its letter, and no two spaces in a row.",
	alike:
		"Must contain no signs other than ASCII ones, as in packages/mcp-jira: others look like them. Type - and . on the keyboard.",
	dot: "Must not contain a name that ends in a dot: it can be mistaken for the name without it.",
	up: "Must not contain .. in its path: name the folder by its path from the root of the repository.",
	none: "Must name a folder inside the repository, as in packages/mcp-jira. Leave it out where the server is the whole repository.",
};
