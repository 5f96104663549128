import {
	type AfterPath,
	type Doubt,
	isPage,
	mayBePage,
} from "./forge-pages.ts";

/** What else is known about an address. */
export interface Around extends AfterPath {
	/** Whether the path is certain to end in a repository. */
	isRepository: boolean;
}

/**
 * Reads the path of an address: returns the repository's own path, `undefined` if it names none, or
 * why it is ambiguous.
 */
export type Layout = (
	path: string[],
	around: Around,
) => string[] | Doubt | undefined;

/**
 * Returns the part of a path before `-`, with which GitLab separates the pages of a project and
 * Gitea those of an owner: neither allows a repository of that name.
 */
export function beforePages(path: string[]): string[] {
	const dash = path.indexOf("-");
	return dash < 0 ? path : path.slice(0, dash);
}

/** Returns whether a segment can be a name once `.git` is removed. */
export function isName(segment: string): boolean {
	return !/^(?:\.{0,2}|\.git|-)$/.test(segment) && segment.trim() === segment;
}

/** GitHub, Bitbucket Cloud, Gitea and sourcehut: pages follow owner and name. */
export function ownerAndName([owner = "", name = ""]: string[]): string[] {
	return [owner, withoutGit(name)];
}

/** GitHub's gists are identified by an id, preceded by the owner on their pages. */
export function gist([first = "", second]: string[]): string[] {
	const isId = /^(?:[\da-f]{20,}|\d+)$/.test(withoutGit(first));
	return [withoutGit(isId ? first : (second ?? first))];
}

/** Azure DevOps Services: an organisation, and a project in it. */
export function azureServices(path: string[]): string[] | undefined {
	const [organisation = "", collection, ...within] = path;
	const read = beforeGit(
		collection === "defaultcollection" ? [organisation, ...within] : path,
	);
	return read && read.length <= 4 ? read : undefined;
}

/** An unknown host, read by the paths that only one kind of forge has. */
export function selfHosted(path: string[], around: Around): ReturnType<Layout> {
	// After at most a folder, a collection and a project.
	if (path.slice(1, 4).some(isGit)) return beforeGit(path);
	const server = bitbucketServer(path, around);
	if (server) return server;
	const read = groupsAndName(path, around);
	// Without what git itself requests below the repository.
	return typeof read === "string"
		? read
		: (bitbucketServer(read, around) ?? read);
}

/** GitLab, where every project is in a group. */
export function groupAndName(
	path: string[],
	around: Around,
): ReturnType<Layout> {
	const read = groupsAndName(path, around);
	return typeof read === "string" || read.length > 1 ? read : undefined;
}

/** Groups within groups, to any depth; on plain git servers, folders. */
export function groupsAndName(
	path: string[],
	around: Around,
): string[] | Doubt {
	const git = path.findIndex((name) => name.endsWith(".git"));
	const address = git < 0 ? path : path.slice(0, git + 1);
	const page = address.findIndex((_, index) => isPage(address, index));
	const read = page < 0 ? address : address.slice(0, page);
	const isSure = around.isRepository || git >= 0;
	if (!isSure && mayBePage(read, around)) return "page";
	if (page >= 0) return read;
	const name = withoutGit(address.at(-1) ?? "");
	// The repository of a working copy is in a folder called .git.
	return [...address.slice(0, -1), ...(name === "" ? [] : [name])];
}

/** Azure DevOps: what precedes `_git`, and the repository after it, without its views and pages. */
function beforeGit(path: string[]): string[] | undefined {
	const git = path.findIndex(isGit);
	if (git < 1) return undefined;
	const [first = "", second = ""] = path.slice(git + 1);
	const isView = first === "_full" || first === "_optimized";
	const name = withoutGit(isView ? second : first);
	const project = path.slice(0, git);
	// The short form omits a project that has the same name as its repository.
	while (project.length > 1 && project.at(-1) === name) project.pop();
	return [...project, "_git", name];
}

/** Azure DevOps writes `_ssh` in ssh addresses. */
function isGit(segment: string): boolean {
	return segment === "_git" || segment === "_ssh";
}

/**
 * Returns the path of a Bitbucket Server repository as ssh names it: without the fixed words around
 * the names, and without the folder that may precede them over https. What follows a folder that is
 * not customary for Bitbucket Server may be a GitLab group; ssh addresses and Bitbucket's own pages
 * are unambiguous.
 */
function bitbucketServer(
	path: string[],
	{ isRepository }: Around,
): string[] | Doubt | undefined {
	const [folder = "", ...behind] = path;
	const read = withoutWords(path);
	if (read) return read;
	const within = withoutWords(behind);
	const isTold = behind[0] !== "scm" || customaryFolders.has(folder);
	if (!within || isTold) return within;
	return isRepository ? undefined : "folder";
}

/**
 * Folders in which Bitbucket Server runs where it shares a host (`server.context-path`), under its
 * current and former names.
 */
const customaryFolders = new Set(["bitbucket", "git", "stash"]);

function withoutWords(path: string[]): string[] | undefined {
	const [kind, project = "", second = "", name] = path;
	if (project.endsWith(".git")) return undefined;
	if (kind === "scm" && path.length === 3) {
		return [project, withoutGit(second)];
	}
	if (second !== "repos" || name === undefined) return undefined;
	if (kind === "projects") return [project, withoutGit(name)];
	if (kind === "users") return [project.replace(/^~?/, "~"), withoutGit(name)];
	return undefined;
}

function withoutGit(name: string): string {
	return withoutEndings(".git", name);
}

/**
 * Returns a text without its ending, however often it is repeated; `/(\.git)+$/` would scan from
 * each `.git` to the end.
 */
export function withoutEndings(ending: string, text: string): string {
	let { length } = text;
	while (text.slice(Math.max(0, length - ending.length), length) === ending) {
		length -= ending.length;
	}
	return text.slice(0, length);
}
