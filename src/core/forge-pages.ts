/** What a path is where it cannot be told to name a repository: a page of one perhaps, or one behind a folder perhaps. */
export type Doubt = "page" | "folder";

/** What stands behind the path of an address, as it was sent: without its `?` and `#`. */
export interface AfterPath {
	query: string;
	fragment: string;
}

/**
 * Whether a segment begins the pages of a repository: GitHub and Gitea have them
 * third, and GitLab lets no project or group within a group be called so
 * (`PROJECT_WILDCARD_ROUTES` in its `lib/gitlab/path_regex.rb`). Of Gitea alone
 * is `src/branch/main`.
 */
export function isPage(path: string[], index: number): boolean {
	const [word = "", kind = "", ref] = path.slice(index, index + 3);
	if (index < 2) return false;
	if (pages.has(word)) return true;
	return word === "src" && refKinds.has(kind) && ref !== undefined;
}

/**
 * Whether a path may be a page, where a GitLab may have a group or a project
 * called so: nothing but the end in `.git` tells.
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
 * Whether what stands behind the path names the repository, and the path alone a
 * program that shows all: gitweb (`p`), cgit without rewriting (`url`), Gitblit
 * (`r`), or one in the browser that has its paths behind the number sign.
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

/** Their pages that are none without what they show behind them. */
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

/** Pages of cgit, where any repository may be a folder behind a folder. */
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

/** Where Gitea and Gogs change files. */
const editors = /^_(?:cherrypick|delete|diffpatch|edit|new|preview|upload)$/;

/** What Gitiles sets its pages apart with. */
const gitilesPage = /^\+(?:archive|blame|diff|doc|log|refs|show)?$/;
