import { html } from "hono/html";
import type { Session } from "../../../features/sessions/schema.ts";
import { browserName } from "../components/browser-name.ts";
import { pager } from "../components/pager.ts";
import { countOf, foreignText } from "../components/text.ts";
import { exactTime, timeAgo } from "../components/time.ts";
import { whoseTabs } from "../components/whose-tabs.ts";
import type { Html, Page } from "../page.ts";

/** What the sessions page shows. */
export interface SessionsPage {
	sessions: Session[];
	/** Whose sessions they are: me, everybody, or an e-mail address. */
	owner: string;
	/** Whether the search was not for a valid e-mail address; nothing is listed then. */
	isBad: boolean;
	after: string | undefined;
	hasMore: boolean;
	mayManage: boolean;
	/** The number of own tokens of the person searched for. */
	tokens?: number;
	/** How long sessions last. */
	lifetime: { hours: number; idleMinutes: number };
	csrf: string;
	now: Date;
}

/** Renders where somebody is signed in, or, for those who manage everybody's sessions, who is signed in. */
export function sessionsPage(data: SessionsPage): Page {
	const { sessions, owner, mayManage, lifetime, isBad } = data;
	const isMine = owner === "me";
	const title = isMine
		? "Where you are signed in"
		: "Where people are signed in";
	return {
		title,
		section: "sessions",
		body: html`<h1>${title}</h1>
<p class="quiet">Browsers that are signed in to these pages. Each stays signed in for at most ${countOf(lifetime.hours, "hour")}, and is signed out once it has not been used for ${countOf(lifetime.idleMinutes, "minute")}. ${isMine ? html`Programs use <a href="/tokens">access tokens</a> instead.` : ""}</p>
${mayManage ? whoseTabs("/sessions", owner) : ""}
${isMine ? "" : findForm(owner, isBad)}
<section class="card" aria-label="Sessions">
${sessions.length === 0 ? emptyNote(data) : sessionTable(data)}
</section>
${pager((after) => sessionsUrl(owner, after), data.after, data.hasMore ? sessions.at(-1)?.id : undefined, "To the newest")}
${isMine ? everywhereForm(data) : accessNote(data)}`,
	};
}

/** What somebody has, before their access is ended. */
export interface EndAccessPage {
	person: string;
	sessions: number;
	tokens: number;
	csrf: string;
}

/** Renders whose access is about to end; nothing changes until its form is sent. */
export function endAccessPage({
	person,
	sessions,
	tokens,
	csrf,
}: EndAccessPage): Page {
	return {
		title: `End the access of ${person}?`,
		section: "sessions",
		body: html`<section class="confirm card rejected" aria-labelledby="confirm-title">
<h1 id="confirm-title">End the access of ${foreignText(person)}?</h1>
<p>Their sessions end, and their own access tokens are revoked, immediately and permanently. Service tokens stay valid.</p>
<dl class="facts">
<div><dt>Sessions</dt><dd>${sessions}</dd></div>
<div><dt>Access tokens</dt><dd>${tokens}</dd></div>
</dl>
<p>Whether they can sign in again is up to the identity provider: remove their account or their roles there first.</p>
<form method="post" action="/sessions/end-access" data-once>
<input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="person" value="${person}">
<div class="actions"><button class="reject" autofocus>End all of it</button></div>
</form>
<p><a href="${sessionsUrl(person)}">Leave it</a></p>
</section>`,
	};
}

/** Returns the address of a page of sessions. */
export function sessionsUrl(owner: string, after?: string): string {
	const query = new URLSearchParams({
		...(owner !== "me" && { owner }),
		...(after && { after }),
	}).toString();
	return query === "" ? "/sessions" : `/sessions?${query}`;
}

function sessionTable({ sessions, owner, csrf, now }: SessionsPage): Html {
	return html`<table class="rows">
<thead><tr><th scope="col">Browser</th>${owner === "me" ? "" : html`<th scope="col">Who</th>`}<th scope="col">Signed in</th><th scope="col">Last used</th><th scope="col">Ends by</th><th scope="col">State</th></tr></thead>
<tbody>${sessions.map(
		(session) => html`<tr>
<th scope="row">${clientOf(session)}</th>
${owner === "me" ? "" : html`<td data-label="Who">${foreignText(session.owner)}</td>`}
<td data-label="Signed in">${timeAgo(session.created_at, now)}</td>
<td data-label="Last used">${timeAgo(session.last_seen_at, now)}</td>
<td data-label="Ends by"><time datetime="${session.expires_at}">${exactTime(session.expires_at)}</time></td>
<td data-label="State">${session.is_current ? html`<span class="badge good">This browser</span>` : endForm(session, owner, csrf)}</td>
</tr>`,
	)}</tbody>
</table>`;
}

function clientOf({ client }: Session): Html {
	if (client === null) return html`<span class="quiet">unknown</span>`;
	const name = browserName(client);
	return name
		? html`${name}<small class="sub">${foreignText(client)}</small>`
		: foreignText(client);
}

function endForm({ id, client }: Session, owner: string, csrf: string): Html {
	return html`<form method="post" action="/sessions/${id}/end" data-once>
<input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="owner" value="${owner}">
<button class="link">End it<span class="hide">: ${browserName(client ?? "") ?? "unknown browser"}</span></button>
</form>`;
}

function emptyNote({ owner, isBad }: SessionsPage): Html {
	if (isBad) return html`<p class="calm">No session is shown.</p>`;
	return html`<p class="calm">${
		owner === "everybody"
			? "Nobody is signed in."
			: html`${foreignText(owner)} is not signed in.`
	}</p>`;
}

function findForm(owner: string, isBad: boolean): Html {
	return html`<search><form class="filters" method="get" action="/sessions">
<div class="search"><label for="owner">E-mail address</label>
<input id="owner" type="search" name="owner" maxlength="255" required value="${owner === "everybody" ? "" : owner}" placeholder="alex@example.com" ${isBad ? html`aria-invalid="true" aria-describedby="owner-problem"` : ""}></div>
<div><button>Find</button></div>
</form></search>
${isBad ? html`<p class="problem" role="alert" id="owner-problem">Must be an e-mail address, as in alex@example.com.</p>` : ""}`;
}

function everywhereForm({ csrf }: SessionsPage): Html {
	return html`<form method="post" action="/sessions/end-all" data-once>
<input type="hidden" name="csrf" value="${csrf}">
<button class="secondary">Sign out everywhere</button>
</form>`;
}

/** Renders what else somebody has and how all of it can be ended; nothing on the list of everybody. */
function accessNote({ owner, tokens, sessions }: SessionsPage): Html | string {
	if (tokens === undefined) return "";
	const query = new URLSearchParams({ owner });
	const person = new URLSearchParams({ person: owner });
	return html`<p>${
		tokens === 0
			? "They have no active access token."
			: html`<a href="/tokens?${query}">${countOf(tokens, "access token")}</a> of theirs still ${tokens === 1 ? "counts" : "count"}.`
	}</p>
${
	tokens > 0 || sessions.length > 0
		? html`<p><a href="/sessions/end-access?${person}" role="button" class="secondary">End all their access…</a></p>`
		: ""
}`;
}
