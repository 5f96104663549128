/** The names of the façades on the pages. */
export const facadeWords: Record<string, string> = {
	rest: "REST",
	trpc: "tRPC",
	mcp: "MCP",
	web: "Page",
	command_line: "Command line",
};

/** How the actor was identified, in words. */
export const methodWords: Record<string, string> = {
	none: "not proven",
	oidc: "signed in",
	access_token: "access token",
	session: "signed in here",
	local: "the operator's word",
};

/** Returns an identifier of the API as words. */
export function words(name: string): string {
	return name.replaceAll("_", " ");
}

export function capitalise(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}
