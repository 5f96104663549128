import { html } from "hono/html";
import type { Html } from "../page.ts";
import { foreignText } from "./text.ts";

/**
 * Renders the tabs that switch a list between one's own entries and
 * everybody's, for those who manage all of them.
 *
 * @param path of the page
 * @param owner me, everybody, or somebody's e-mail address
 */
export function whoseTabs(path: string, owner: string): Html {
	const tab = (href: string, id: string, label: Html | string) =>
		html`<li><a href="${href}" ${id === owner ? html`aria-current="page"` : ""}>${label}</a></li>`;
	return html`<nav aria-label="Whose"><ul class="tabs">
${tab(path, "me", "Mine")}
${tab(`${path}?owner=everybody`, "everybody", "Everybody's")}
${owner.includes("@") ? tab(`${path}?${new URLSearchParams({ owner })}`, owner, foreignText(owner)) : ""}
</ul></nav>`;
}
