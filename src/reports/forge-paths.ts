/**
 * Reads the path of an address: the repository's own path, `undefined` where it
 * names none, or `page` where it may be a page of one and a repository alike;
 * not so where it is sure to end in a repository.
 */
export type Layout = (
	path: string[],
	isRepository: boolean,
) => string[] | "page" | undefined;

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
export function selfHosted(
	path: string[],
	isRepository: boolean,
): ReturnType<Layout> {
	// Behind a folder, a collection and a project at the most.
	if (path.slice(1, 4).some(isGit)) return beforeGit(path);
	const server = bitbucketServer(path) ?? bitbucketServer(path.slice(1));
	if (server) return server;
	const read = groupsAndName(path, isRepository);
	// Without what git itself asks for behind the repository.
	return read === "page"
		? read
		: (bitbucketServer(read) ?? bitbucketServer(read.slice(1)) ?? read);
}

/** GitLab, where everything is in a group. */
export function groupAndName(
	path: string[],
	isRepository: boolean,
): ReturnType<Layout> {
	const read = groupsAndName(path, isRepository);
	return read === "page" || read.length > 1 ? read : undefined;
}

/** Groups within groups, as many as there are; on servers of plain git, folders. */
export function groupsAndName(
	path: string[],
	isRepository: boolean,
): string[] | "page" {
	const git = path.findIndex((name) => name.endsWith(".git"));
	const address = git < 0 ? path : path.slice(0, git + 1);
	const page = address.findIndex((_, index) => isPage(address, index));
	if (page >= 0) return address.slice(0, page);
	const isSure = isRepository || git === path.length - 1;
	if (!isSure && path.slice(2).some((name) => perhapsPages.has(name))) {
		return "page";
	}
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
 * them, and without the folder in front, as there may be over https.
 */
function bitbucketServer(path: string[]): string[] | undefined {
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

/**
 * Pages behind a repository: GitHub and Gitea have them third, and GitLab lets
 * no project or group within a group be called so (`PROJECT_WILDCARD_ROUTES` in
 * its `lib/gitlab/path_regex.rb`). Of Gitea alone is `src/branch/main`.
 */
function isPage(path: string[], index: number): boolean {
	const [word = "", kind = "", ref] = path.slice(index, index + 3);
	if (index < 2) return false;
	if (pages.has(word)) return true;
	return word === "src" && refKinds.has(kind) && ref !== undefined;
}

const pages = new Set([
	"blame",
	"blob",
	"commits",
	"edit",
	"find_file",
	"raw",
	"refs",
	"tree",
	"wikis",
]);

const refKinds = new Set(["branch", "commit", "tag"]);

/** Pages of GitHub, Gitea and older versions of GitLab, where a GitLab may have a group or a project called so. */
const perhapsPages = new Set([
	"actions",
	"activity",
	"archive",
	"branches",
	"commit",
	"compare",
	"discussions",
	"graphs",
	"issues",
	"labels",
	"merge_requests",
	"milestones",
	"network",
	"packages",
	"pipelines",
	"projects",
	"pull",
	"pulls",
	"pulse",
	"releases",
	"security",
	"settings",
	"stars",
	"tags",
	"wiki",
]);

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
