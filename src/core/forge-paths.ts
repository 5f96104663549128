import {
	type AfterPath,
	type Doubt,
	isPage,
	mayBePage,
} from "./forge-pages.ts";

/** What else is known of an address. */
export interface Around extends AfterPath {
	/** Whether the path is sure to end in a repository. */
	isRepository: boolean;
}

/**
 * Reads the path of an address: the repository's own path, `undefined` where it
 * names none, or what else it may be as well.
 */
export type Layout = (
	path: string[],
	around: Around,
) => string[] | Doubt | undefined;

/**
 * GitLab sets the pages of a project apart with `-`, Gitea those of an owner:
 * neither lets a repository be called so.
 */
export function beforePages(path: string[]): string[] {
	const dash = path.indexOf("-");
	return dash < 0 ? path : path.slice(0, dash);
}

/** Whether a segment can name something once `.git` is taken off. */
export function isName(segment: string): boolean {
	return !/^(?:\.{0,2}|\.git|-)$/.test(segment) && segment.trim() === segment;
}

/** GitHub, Bitbucket Cloud, Gitea and sourcehut: pages stand behind the two. */
export function ownerAndName([owner = "", name = ""]: string[]): string[] {
	return [owner, withoutGit(name)];
}

/** GitHub's gists are named by an id, in front of which their pages have the owner. */
export function gist([first = "", second]: string[]): string[] {
	const isId = /^(?:[\da-f]{20,}|\d+)$/.test(withoutGit(first));
	return [withoutGit(isId ? first : (second ?? first))];
}

/** Azure DevOps Services: an organisation, and in it a project. */
export function azureServices(path: string[]): string[] | undefined {
	const [organisation = "", collection, ...within] = path;
	const read = beforeGit(
		collection === "defaultcollection" ? [organisation, ...within] : path,
	);
	return read && read.length <= 4 ? read : undefined;
}

/** A host that is not known, by the paths that only one kind of forge has. */
export function selfHosted(path: string[], around: Around): ReturnType<Layout> {
	// Behind a folder, a collection and a project at the most.
	if (path.slice(1, 4).some(isGit)) return beforeGit(path);
	const server = bitbucketServer(path, around);
	if (server) return server;
	const read = groupsAndName(path, around);
	// Without what git itself asks for behind the repository.
	return typeof read === "string"
		? read
		: (bitbucketServer(read, around) ?? read);
}

/** GitLab, where everything is in a group. */
export function groupAndName(
	path: string[],
	around: Around,
): ReturnType<Layout> {
	const read = groupsAndName(path, around);
	return typeof read === "string" || read.length > 1 ? read : undefined;
}

/** Groups within groups, as many as there are; on servers of plain git, folders. */
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
	// The repository in a working copy stands in a folder called .git.
	return [...address.slice(0, -1), ...(name === "" ? [] : [name])];
}

/** Azure DevOps: what stands before `_git`, and the repository behind it, without its views and pages. */
function beforeGit(path: string[]): string[] | undefined {
	const git = path.findIndex(isGit);
	if (git < 1) return undefined;
	const [first = "", second = ""] = path.slice(git + 1);
	const isView = first === "_full" || first === "_optimized";
	const name = withoutGit(isView ? second : first);
	const project = path.slice(0, git);
	// The short form leaves out a project that is called as its repository.
	while (project.length > 1 && project.at(-1) === name) project.pop();
	return [...project, "_git", name];
}

/** Azure DevOps writes `_ssh` in addresses of ssh. */
function isGit(segment: string): boolean {
	return segment === "_git" || segment === "_ssh";
}

/**
 * Bitbucket Server, as ssh names its repositories: without the words around
 * them, and without the folder in front, as there may be over https. What is
 * behind a folder that it is not customary in may be a group of a GitLab, which
 * is sure over ssh and where its pages show it.
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

/** Folders that Bitbucket Server is in where it shares a host (`server.context-path`), under its name of now or of before. */
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

/** A text without what it ends in, however often; `/(\.git)+$/` would look from each `.git` to the end. */
export function withoutEndings(ending: string, text: string): string {
	let { length } = text;
	while (text.slice(Math.max(0, length - ending.length), length) === ending) {
		length -= ending.length;
	}
	return text.slice(0, length);
}
