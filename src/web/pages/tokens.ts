import { html } from "hono/html";
import { type Permission, permissions } from "../../identity.ts";
import type { AccessToken } from "../../tokens/schema.ts";
import { foreignText } from "../components/text.ts";
import { exactTime, timeAgo } from "../components/time.ts";
import type { Html, Page } from "../page.ts";

/** What somebody has typed for a new token, and what is wrong with it. */
export interface TypedToken {
	name: string;
	scopes: string[];
	expires_in_days: string;
	/** What must be corrected, by field; `form` is about the whole of it. */
	problems?: Partial<Record<string, string>>;
}

/** What the page of access tokens shows. */
export interface TokensPage {
	tokens: AccessToken[];
	/** Whose they are. */
	owner: "me" | "everybody";
	mayManage: boolean;
	/** What a token of this person can be used for. */
	scopes: Permission[];
	/** The token that was made just now; it is shown this once. */
	created: string | undefined;
	typed: TypedToken;
	csrf: string;
	now: Date;
}

/** What each scope lets a token do: an approval takes a person, whatever the role allows. */
const scopeWords: Record<Permission, string> = {
	...permissions,
	"reports:decide": "reject and reopen reports",
};

const lifetimes = [
	["7", "7 days"],
	["30", "30 days"],
	["90", "90 days"],
	["180", "180 days"],
	["365", "1 year"],
] as const;

/** Access tokens: a new one, and those that there are. */
export function tokensPage(data: TokensPage): Page {
	const { owner, mayManage, created } = data;
	return {
		title: owner === "me" ? "Access tokens" : "Everybody's access tokens",
		section: "tokens",
		body: html`<h1>Access tokens</h1>
<p class="quiet">For CI, and for clients that cannot sign in: sent as <code>Authorization: Bearer …</code> to REST, tRPC and MCP. A token acts for who made it, within its scopes and that person's roles.</p>
${created ? createdNote(created) : ""}
${
	mayManage
		? html`<nav aria-label="Whose"><ul class="tabs">${(
				[
					["/tokens", "me", "Mine"],
					["/tokens?owner=everybody", "everybody", "Everybody's"],
				] as const
			).map(
				([href, id, label]) =>
					html`<li><a href="${href}" ${id === owner ? html`aria-current="page"` : ""}>${label}</a></li>`,
			)}</ul></nav>`
		: ""
}
<section class="card" aria-label="${owner === "me" ? "Your access tokens" : "Everybody's access tokens"}">
${data.tokens.length === 0 ? html`<p class="calm">There are none yet.</p>` : tokenTable(data)}
</section>
${owner === "me" ? newTokenForm(data) : ""}`,
	};
}

/** Repeats which token is about to be revoked; nothing is changed before its form is sent. */
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
<h1 id="confirm-title">Revoke the access token ${foreignText(token.name)}?</h1>
<p>It ends at once and for ever: whatever uses it is refused from then on.</p>
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

function createdNote(created: string): Html {
	return html`<section class="card created" aria-labelledby="created-title">
<h2 id="created-title">Your new access token</h2>
<p role="status">Copy it now: it is shown this once, and kept nowhere.</p>
<p><code class="secret">${created}</code></p>
</section>`;
}

function tokenTable({ tokens, owner, now }: TokensPage): Html {
	return html`<table class="rows">
<thead><tr><th scope="col">Name</th>${owner === "me" ? "" : html`<th scope="col">Owner</th>`}<th scope="col">Scopes</th><th scope="col">Made</th><th scope="col">Last used</th><th scope="col">Ends</th><th scope="col">State</th></tr></thead>
<tbody>${tokens.map(
		(token) => html`<tr>
<th scope="row">${foreignText(token.name)}</th>
${owner === "me" ? "" : html`<td data-label="Owner">${foreignText(token.owner)}</td>`}
<td data-label="Scopes">${token.scopes.join(", ")}</td>
<td data-label="Made">${timeAgo(token.created_at, now)}</td>
<td data-label="Last used">${token.last_used_at ? timeAgo(token.last_used_at, now) : "never"}</td>
<td data-label="Ends"><time datetime="${token.expires_at}" title="${exactTime(token.expires_at)}">${token.expires_at.slice(0, 10)}</time></td>
<td data-label="State">${stateOf(token, now)}</td>
</tr>`,
	)}</tbody>
</table>`;
}

function stateOf(token: AccessToken, now: Date): Html {
	if (token.revoked_at) {
		return html`<span class="badge bad">Revoked</span> <small>by ${foreignText(token.revoked_by ?? "")} ${timeAgo(token.revoked_at, now)}</small>`;
	}
	if (Date.parse(token.expires_at) <= now.getTime()) {
		return html`<span class="badge quiet">Ended</span>`;
	}
	return html`<span class="badge good">Active</span> <a class="revoke" href="/tokens/${token.id}/revoke">Revoke…<span class="hide"> ${token.name}</span></a>`;
}

function newTokenForm({ scopes, typed, csrf }: TokensPage): Html {
	const { problems = {} } = typed;
	const describedBy = (field: string) =>
		problems[field]
			? html`aria-invalid="true" aria-describedby="${field}-problem"`
			: "";
	const problem = (field: string) =>
		problems[field]
			? html`<p class="problem" id="${field}-problem">${problems[field]}</p>`
			: "";
	if (scopes.length === 0) {
		return html`<p class="calm">Your roles allow nothing that a token could be used for.</p>`;
	}
	return html`<section class="card new-token" aria-labelledby="new-title">
<h2 id="new-title">Make an access token</h2>
<form method="post" action="/tokens" novalidate data-once>
<input type="hidden" name="csrf" value="${csrf}">
${problems.form ? html`<p class="problem" role="alert">${problems.form}</p>` : ""}
<label for="name">Name <small>what it is for, as in CI of mcp-servicenow</small></label>
<input id="name" name="name" type="text" maxlength="100" required autocomplete="off" value="${typed.name}" ${describedBy("name")}>
${problem("name")}
<fieldset ${describedBy("scopes")}><legend>Scopes <small>what it may be used for</small></legend>
${scopes.map(
	(scope) =>
		html`<label><input type="checkbox" name="scopes" value="${scope}" ${typed.scopes.includes(scope) ? html`checked` : ""}> <code>${scope}</code> ${scopeWords[scope]}</label>`,
)}
</fieldset>
${problem("scopes")}
<label for="expires_in_days">Ends after</label>
<select id="expires_in_days" name="expires_in_days" ${describedBy("expires_in_days")}>${lifetimes.map(
		([days, label]) =>
			html`<option value="${days}" ${days === typed.expires_in_days ? html`selected` : ""}>${label}</option>`,
	)}</select>
${problem("expires_in_days")}
<button>Make the token</button>
</form>
</section>`;
}
