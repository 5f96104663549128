import { html } from "hono/html";
import type { Permission } from "../../../core/words.ts";
import type {
	AccessToken,
	AccessTokenFilter,
} from "../../../features/tokens/schema.ts";
import { pager } from "../components/pager.ts";
import { foreignText } from "../components/text.ts";
import { exactTime } from "../components/time.ts";
import { type TypedToken, tokenForm } from "../components/token-form.ts";
import { day, sleepOf, tokenTable } from "../components/token-table.ts";
import { whoseTabs } from "../components/whose-tabs.ts";
import type { Html, Page } from "../page.ts";

/** Which tokens the page shows: a page of the list, or the one with an id. */
export interface TokensQuery
	extends Pick<AccessTokenFilter, "owner" | "after"> {
	state: "living" | "ended";
	/** The id searched for. */
	id?: string | undefined;
}

/** What the access tokens page shows. */
export interface TokensPage {
	tokens: AccessToken[];
	query: TokensQuery;
	hasMore: boolean;
	/** Why no token is shown for the id searched for. */
	problem?: string | undefined;
	mayManage: boolean;
	/** The scopes a new token may have. */
	scopes: Permission[];
	/** The token just created; this is the only time it is shown. */
	created: string | undefined;
	typed: TypedToken;
	/** Days without signing in after which own tokens fall asleep. */
	ownerDays: number;
	csrf: string;
	now: Date;
}

/** Renders access tokens: the form for a new one, and the existing ones. */
export function tokensPage(data: TokensPage): Page {
	const { query, mayManage, created, tokens, ownerDays } = data;
	const { owner, id } = query;
	const isMine = owner === "me";
	return {
		title: isMine ? "Access tokens" : "Everybody's access tokens",
		section: "tokens",
		body: html`<h1>Access tokens</h1>
<p class="quiet">For CI, and for clients that cannot sign in: sent as <code>Authorization: Bearer …</code> to REST, tRPC and MCP. A token acts for the person who created it, within its scopes and that person's roles, and sleeps once that person has not signed in for ${ownerDays} days. Browsers need none: see <a href="/sessions">where you are signed in</a>.</p>
${created ? createdNote(created) : ""}
${isMine ? sleepNote(data) : ""}
${mayManage ? whoseTabs("/tokens", owner) : ""}
${findForm(data)}
${id === undefined ? stateTabs(query) : html`<p><a href="${tokensUrl({ ...query, id: undefined })}">Show all</a></p>`}
<section class="card" aria-label="${isMine ? "Your access tokens" : "Everybody's access tokens"}">
${tokens.length === 0 ? html`<p class="calm">${emptyWords(query)}</p>` : tokenTable(tokens, mayManage, data.now)}
</section>
${pager((after) => tokensUrl({ ...query, after }), query.after, data.hasMore ? tokens.at(-1)?.id : undefined, "To the newest")}
${id === undefined ? tokenForm(isMine ? "personal" : "service", data) : ""}`,
	};
}

/** Renders which token is about to be revoked; nothing changes until its form is sent. */
export function revokeTokenPage({
	token,
	csrf,
}: {
	token: AccessToken;
	csrf: string;
}): Page {
	return {
		title: `Revoke ${token.name}?`,
		section: "tokens",
		body: html`<section class="confirm card rejected" aria-labelledby="confirm-title">
<h1 id="confirm-title">Revoke the ${token.kind === "service" ? "service" : "access"} token ${foreignText(token.name)}?</h1>
<p>It stops working immediately and permanently: whatever uses it is refused from then on.</p>
<dl class="facts">
<div><dt>Owner</dt><dd>${foreignText(token.owner)}</dd></div>
<div><dt>Scopes</dt><dd>${token.scopes.join(", ")}</dd></div>
<div><dt>Last used</dt><dd>${token.last_used_at ? exactTime(token.last_used_at) : "never"}</dd></div>
</dl>
<form method="post" action="/tokens/${token.id}/revoke" data-once>
<input type="hidden" name="csrf" value="${csrf}">
<div class="actions"><button class="reject" autofocus>Revoke it</button></div>
</form>
<p><a href="/tokens">Keep it</a></p>
</section>`,
	};
}

/** Returns the address of the tokens page in this state. */
export function tokensUrl(query: Partial<TokensQuery>): string {
	const { owner, state, id, after } = query;
	const text = new URLSearchParams({
		...(owner && owner !== "me" && { owner }),
		...(state === "ended" && { state }),
		...(id && { id }),
		...(after && { after }),
	}).toString();
	return text === "" ? "/tokens" : `/tokens?${text}`;
}

function createdNote(created: string): Html {
	return html`<section class="card created" aria-labelledby="created-title">
<h2 id="created-title">Your new access token</h2>
<p role="status">Copy it now: it is shown only once, and cannot be recovered.</p>
<p><code class="secret">${created}</code></p>
</section>`;
}

/** Renders a warning, a week ahead, that the reader's tokens will fall asleep. */
function sleepNote({ tokens, now }: TokensPage): Html | string {
	const next = tokens.find((token) => sleepOf(token, now) === "soon");
	if (!next?.sleeps_at) return "";
	return html`<p role="status"><span class="badge warn">Asleep soon</span> Your tokens fall asleep on ${day(next.sleeps_at)} unless you sign in again before then: sign out and in again, and they stay active.</p>`;
}

function findForm({ query, problem }: TokensPage): Html {
	const { owner, id } = query;
	return html`<search><form class="filters" method="get" action="/tokens">
${owner === "me" ? "" : html`<input type="hidden" name="owner" value="${owner}">`}
<div class="search"><label for="id">By its id</label>
<input id="id" type="search" name="id" maxlength="36" required value="${id ?? ""}" placeholder="6f1c2c9e-0c0e-4b7a-9a52-3f2d1f0f6a11" ${problem ? html`aria-invalid="true" aria-describedby="id-problem"` : ""}></div>
<div><button>Find</button></div>
</form></search>
${problem ? html`<p class="problem" role="alert" id="id-problem">${problem}</p>` : ""}`;
}

function stateTabs({ owner, state }: TokensQuery): Html {
	return html`<nav aria-label="By state"><ul class="tabs">${(
		[
			["living", "Active"],
			["ended", "Ended"],
		] as const
	).map(
		([one, label]) =>
			html`<li><a href="${tokensUrl({ owner, state: one })}" ${one === state ? html`aria-current="page"` : ""}>${label}</a></li>`,
	)}</ul></nav>`;
}

function emptyWords({ id, state }: TokensQuery): string {
	if (id !== undefined) return "No token is shown.";
	return state === "ended" ? "None has ended yet." : "There are none.";
}
