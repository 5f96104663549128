/**
 * Why it is unclear whether a path names a repository: it may be a page of one, or there may be a
 * folder in front of one.
 */
export type Doubt = "page" | "folder";

/** What follows the path in an address, as it was sent: without its `?` and `#`. */
export interface AfterPath {
	query: string;
	fragment: string;
}

/**
 * Returns whether a segment begins the pages of a repository: on GitHub and Gitea it is the third,
 * and GitLab allows no project or subgroup of that name (`PROJECT_WILDCARD_ROUTES` in its
 * `lib/gitlab/path_regex.rb`). `src/branch/main` exists only in Gitea.
 */
export function isPage(path: string[], index: number): boolean {
	const [word = "", kind = "", ref] = path.slice(index, index + 3);
	if (index < 2) return false;
	if (pages.has(word)) return true;
	return word === "src" && refKinds.has(kind) && ref !== undefined;
}

/**
 * Returns whether a path may be a page where a GitLab may have a group or project of that name:
 * only a trailing `.git` tells them apart.
 */
export function mayBePage(path: string[], { query }: AfterPath): boolean {
	const isOfCgit = /(?:^|[&;])(?:h|id)=/.test(query);
	return path.some((word, index) => {
		if (index === 0) return false;
		if (gitilesPage.test(word)) return true;
		if (isOfCgit && (cgitPages.has(word) || pages.has(word))) return true;
		if (index === 1) return false;
		if (perhapsWithMore.has(word)) return index < path.length - 1;
		return perhapsPages.has(word) || cgitPages.has(word) || editors.test(word);
	});
}

/**
 * Returns whether the repository is named after the path, and the path alone leads to a program
 * that shows all repositories: gitweb (`p`), cgit without rewriting (`url`), Gitblit (`r`), or a
 * browser application with its paths after the number sign.
 */
export function isNamedBehindPath({ query, fragment }: AfterPath): boolean {
	const names = new URLSearchParams(query.replaceAll(";", "&"));
	return (
		/^!?\//.test(fragment) || ["p", "url", "r"].some((name) => names.get(name))
	);
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

/** Pages of GitHub, Gitea, Gogs, Bitbucket and older versions of GitLab. */
const perhapsPages = new Set([
	"actions",
	"activity",
	"archive",
	"badges",
	"boards",
	"branches",
	"browse",
	"builds",
	"commit",
	"compare",
	"contributors",
	"deployments",
	"discussions",
	"environments",
	"files",
	"fork",
	"forks",
	"graph",
	"graphs",
	"issues",
	"jobs",
	"labels",
	"merge_requests",
	"milestones",
	"network",
	"packages",
	"pipelines",
	"projects",
	"pull",
	"pull-requests",
	"pulls",
	"pulse",
	"releases",
	"search",
	"security",
	"settings",
	"snippets",
	"stargazers",
	"starrers",
	"stars",
	"subscription",
	"tags",
	"watchers",
	"wiki",
]);

/** Words that are pages of these forges only with something after them. */
const perhapsWithMore = new Set([
	"cherry-pick",
	"create",
	"delete",
	"find",
	"lastcommit",
	"media",
	"new",
	"plain",
	"preview",
	"render",
	"src",
	"tag",
	"update",
	"upload",
]);

/** Pages of cgit, where any repository may be inside a folder. */
const cgitPages = new Set([
	"about",
	"atom",
	"commit",
	"diff",
	"log",
	"patch",
	"plain",
	"rawdiff",
	"snapshot",
	"stats",
	"summary",
	"tag",
]);

/** Pages on which Gitea and Gogs edit files. */
const editors = /^_(?:cherrypick|delete|diffpatch|edit|new|preview|upload)$/;

/** The prefix of Gitiles' pages. */
const gitilesPage = /^\+(?:archive|blame|diff|doc|log|refs|show)?$/;
