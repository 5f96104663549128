import {
	type AfterPath,
	type Doubt,
	isNamedBehindPath,
} from "./forge-pages.ts";
import {
	azureServices,
	beforePages,
	gist,
	groupAndName,
	groupsAndName,
	isName,
	type Layout,
	ownerAndName,
	selfHosted,
	withoutEndings,
} from "./forge-paths.ts";

/** The target of a repository address, in lower case. */
export interface Address extends AfterPath {
	/** Host name, with the port where it distinguishes two servers. */
	host: string;
	user: string;
	/** Whether it is an ssh address, which never leads to pages. */
	isSsh: boolean;
	/** The path's segments; none is empty, `.` or `..`. */
	segments: string[];
}

type Found = Pick<Address, "host" | "segments">;

/**
 * Finds the repository in a forge address: the forge's other hosts, short forms and pages lead to
 * the same one. An unknown host is read by the paths that only one kind of forge has, never by its
 * name.
 *
 * @returns host and path, the same for all addresses of the repository; or a sentence that says why
 * there is none, and what to do
 */
export function findRepository({
	isSsh,
	query,
	fragment,
	...given
}: Address): Found | { problem: string } {
	const { host, segments } = onMainHost(given);
	const layout = layoutOf(host);
	if (!layout && notClonedFrom.some((domain) => isOf(domain, host))) {
		return { problem: problems.host };
	}
	if (!layout && isNamedBehindPath({ query, fragment })) {
		return { problem: problems.behind };
	}
	const address = beforePages(segments);
	const isRepository = isSsh || address.length < segments.length;
	const around = { isRepository, query, fragment };
	const path = (layout ?? selfHosted)(address, around);
	if (typeof path === "string") return { problem: problems[path] };
	if (!path?.length || !path.every(isName)) return { problem: problems.none };
	if (isById(path)) return { problem: problems.id };
	return { host, segments: path };
}

const problems = {
	host: "Must be the address that git clones from, as in https://github.com/owner/name: this host serves no repositories.",
	none: "Must name a repository, not only a host, an owner or a project. Send the address that git clones from, as in https://github.com/owner/name.",
	behind:
		"Must name the repository in its path, not after ? or #. Send the address that git clones from.",
	id: "Must name the repository and its owner or project by name: an id cannot be recognised as the same repository. Send the address that git clones from.",
	folder:
		"Must be the address that git clones from over ssh, as in ssh://git@host/project/name.git: what follows scm in this address is the repository on Bitbucket Server, but only a part of it elsewhere.",
	page: "Must be the address that git clones from: this one may be a page of a repository. If it is a repository of its own, send it with .git at the end.",
} satisfies Record<Doubt, string> & Record<string, string>;

/** Returns the host of an address, with its port where another port is another server. */
export function hostOf(
	{ hostname, port }: URL,
	{ isSsh = false } = {},
): string {
	const name = withoutEndings(".", hostname).replace(
		/^(?:www\.)+(?=[^.]+\.)/,
		"",
	);
	// On any port, a host's ssh server belongs to its forge.
	return isSsh || port === "" || port === "80" ? name : `${name}:${port}`;
}

/** Returns whether a host belongs to a public forge. */
export function isKnownForge(host: string): boolean {
	const main = onMainHost({ host, user: "", segments: [] });
	return layoutOf(main.host) !== undefined;
}

/**
 * Returns whether a path contains ids in place of names: in braces as Bitbucket writes them, bare
 * or in any of Microsoft's forms on Azure DevOps, a number on GitLab.
 */
function isById(path: string[]): boolean {
	if (path.some((name) => /^\{.*\}$/.test(name))) return true;
	if (path.includes("_git") && path.some((name) => guid.test(name)))
		return true;
	const [first, number = "", ...more] = path;
	return first === "projects" && /^\d+$/.test(number) && more.length === 0;
}

const guid = /^[({]?[\da-f]{8}-?(?:[\da-f]{4}-?){3}[\da-f]{12}[)}]?$/;

/** The path layouts of known forges. */
const layouts = new Map<string, Layout>([
	["github.com", ownerAndName],
	["gist.github.com", gist],
	["gitlab.com", groupAndName],
	["bitbucket.org", ownerAndName],
	["codeberg.org", ownerAndName],
	["gitea.com", ownerAndName],
	["git.sr.ht", ownerAndName],
	["hg.sr.ht", ownerAndName],
	["dev.azure.com", azureServices],
	// Its paths would otherwise be read as Bitbucket Server's.
	["git.kernel.org", groupsAndName],
]);

/** Domains that serve files, pages, programs and editors of repositories, but no repositories. */
const notClonedFrom = [
	...["github.com", "githubusercontent.com", "github.io", "github.dev"],
	...["gitlab.com", "gitlab.io", "bitbucket.org"],
	...["vscode.dev", "gitpod.io", "github1s.com", "stackblitz.com"],
];

function isOf(domain: string, host: string): boolean {
	return host === domain || host.endsWith(`.${domain}`);
}

/** Hosts for ssh, most of them on the https port for clients behind a strict firewall. */
const otherHosts = new Map([
	["ssh.github.com", "github.com"],
	["altssh.gitlab.com", "gitlab.com"],
	["altssh.bitbucket.org", "bitbucket.org"],
	["ssh.dev.azure.com", "dev.azure.com"],
]);

function layoutOf(host: string): Layout | undefined {
	// GitHub Enterprise Cloud gives each enterprise its own host there.
	return host.endsWith(".ghe.com") ? ownerAndName : layouts.get(host);
}

/** Moves an address to the host that stands for all of its forge. */
function onMainHost({
	host: given,
	user,
	segments,
}: Pick<Address, "host" | "user" | "segments">): Found {
	// Known forges use no other ports, so the port can be ignored.
	const name = given.replace(/:\d+$/, "");
	const host = otherHosts.get(name) ?? name;
	const [version, organisation = "", project = "", repository = ""] = segments;
	const isAzureSsh =
		name === "ssh.dev.azure.com" || name === `vs-ssh${visualStudio}`;
	if (isAzureSsh && version === "v3") {
		const path = [organisation, project, "_git", repository];
		return { host: "dev.azure.com", segments: path };
	}
	if (host.endsWith(visualStudio)) {
		// Before v3, the organisation was the ssh user.
		const owner = isAzureSsh ? user : host.slice(0, -visualStudio.length);
		return { host: "dev.azure.com", segments: [owner, ...segments] };
	}
	return { host: layoutOf(host) ? host : given, segments };
}

const visualStudio = ".visualstudio.com";
