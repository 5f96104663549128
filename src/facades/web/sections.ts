import type { Permission } from "../../core/words.ts";

/** A signed-in person who looks at a page. */
export interface Viewer {
	email: string;
	permissions: ReadonlySet<Permission>;
	/** The form token of this session. */
	csrf: string;
}

/** The entries of the navigation, and the permission each requires where people sign in. */
const sections = [
	{ id: "queue", href: "/", label: "Queue", needs: "reports:read" },
	{
		id: "servers",
		href: "/servers",
		label: "Servers",
		needs: "catalogue:read",
	},
	{
		id: "overview",
		href: "/overview",
		label: "Overview",
		needs: "reports:read_all",
	},
	{ id: "audit", href: "/audit", label: "Audit log", needs: "audit:read" },
	{
		id: "checklist",
		href: "/checklist",
		label: "Checklist",
		needs: "catalogue:read",
	},
] as const;

/** Entries that exist only where people sign in. */
const personalSections = [
	{
		id: "tokens",
		href: "/tokens",
		label: "Access tokens",
		needs: "tokens:own",
	},
] as const;

/** A page's place in the navigation; sessions are beside the signed-in person. */
export type SectionId =
	| "sessions"
	| (typeof sections)[number]["id"]
	| (typeof personalSections)[number]["id"];

/**
 * Returns the sections that somebody may use; where nobody signs in, all that
 * do not need a signed-in person.
 */
export function sectionsFor(
	viewer: Pick<Viewer, "permissions"> | null | undefined,
) {
	if (viewer === undefined) return sections;
	return [...sections, ...personalSections].filter(({ needs }) =>
		viewer?.permissions.has(needs),
	);
}

/** Returns somebody's start page: the queue, for those who may see it. */
export function homeOf(viewer: Pick<Viewer, "permissions">): string {
	return sectionsFor(viewer)[0]?.href ?? "/";
}
