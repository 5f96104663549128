import { html } from "hono/html";
import type { Server } from "../../../features/servers/schema.ts";
import { riskBadge, statusBadge, statusWords } from "../components/badges.ts";
import { deciders } from "../components/deciders.ts";
import { pager } from "../components/pager.ts";
import { foreignText, repositoryName } from "../components/text.ts";
import { timeAgo } from "../components/time.ts";
import type { Html, Page } from "../page.ts";

/** What the list of servers shows. */
export interface ServersPage {
	query: { status: string; search: string; after: string | undefined };
	servers: Server[];
	hasMore: boolean;
	/** Whether the reader may read everybody's reports, not only their own. */
	readsAll: boolean;
	now: Date;
}

const tabs = [
	["approved", "Catalogue"],
	["pending_review", "Pending"],
	["rejected", "Rejected"],
	["all", "All"],
] as const;

/** Renders one row per repository with the state of its server. The approved ones are the catalogue. */
export function serversPage(data: ServersPage): Page {
	const { query, servers } = data;
	const tab = tabs.find(([status]) => status === query.status)?.[1] ?? "All";
	return {
		title: tab === "Catalogue" ? "Catalogue of servers" : `${tab} servers`,
		section: "servers",
		body: html`<h1>Servers</h1>
<p class="quiet">One row per repository. The approved ones are the catalogue: they may run in production.</p>
<nav aria-label="By status"><ul class="tabs">${tabs.map(
			([status, label]) =>
				html`<li><a href="${serversUrl({ status, search: query.search })}" ${status === query.status ? html`aria-current="page"` : ""}>${label}</a></li>`,
		)}</ul></nav>
<search><form class="filters" method="get" action="/servers">
<input type="hidden" name="status" value="${query.status}">
<div class="search"><label for="q">Search</label>
<input id="q" type="search" name="search" maxlength="200" value="${query.search}" placeholder="Server, repository or developer"></div>
<div><button>Show</button></div>
</form></search>
<section class="card" aria-label="${tab}">
${servers.length === 0 ? emptyNote(query) : serverTable(data)}
</section>
${pager((after) => serversUrl({ ...query, after }), query.after, data.hasMore ? servers.at(-1)?.id : undefined)}`,
	};
}

function serverTable({ servers, readsAll, now }: ServersPage): Html {
	return html`<table class="rows">
<thead><tr><th scope="col">Server</th><th scope="col">Status</th><th scope="col">Risk</th><th scope="col">Last decision</th><th scope="col" class="number">Revisions</th><th scope="col">Developer</th></tr></thead>
<tbody>${servers.map(
		(server) => html`<tr>
<th scope="row">${
			readsAll || server.is_own
				? html`<a href="/reports/${server.live_report_id ?? server.id}" data-row-link>${foreignText(server.server_name)}</a>`
				: foreignText(server.server_name)
		}<small class="sub">${repositoryName(server)}</small></th>
<td data-label="Status">${statusBadge(server.server_status)}</td>
<td data-label="Risk">${riskBadge(server.risk_level)}</td>
<td data-label="Last decision">${lastDecision(server, now)}</td>
<td data-label="Revisions" class="number">${server.revision}</td>
<td data-label="Developer">${foreignText(server.developer_email)}</td>
</tr>`,
	)}</tbody>
</table>`;
}

function lastDecision({ last_decision }: Server, now: Date): Html | string {
	if (!last_decision) return "none yet";
	const { to_status, decided_at } = last_decision;
	const deed =
		to_status === "pending_review" ? "Reopened" : statusWords[to_status];
	return html`${deed} by ${deciders(last_decision)} <small>${timeAgo(decided_at, now)}</small>`;
}

function emptyNote({ status, search }: ServersPage["query"]): Html {
	if (search) {
		return html`<p class="calm">No server matches “${search}” here. <a href="${serversUrl({ status: "all", search })}">Search in all servers</a></p>`;
	}
	return status === "approved"
		? html`<p class="calm">No server is approved yet. <a href="/">See what is waiting for review.</a></p>`
		: html`<p class="calm">There are no such servers.</p>`;
}

function serversUrl(query: {
	status: string;
	search: string;
	after?: string | undefined;
}): string {
	const entries = Object.entries(query).filter(
		([name, value]) => value && !(name === "status" && value === "approved"),
	);
	const text = new URLSearchParams(entries as [string, string][]).toString();
	return text === "" ? "/servers" : `/servers?${text}`;
}
