import { html } from "hono/html";
import type { AccessToken } from "../../../features/tokens/schema.ts";
import type { Html } from "../page.ts";
import { foreignText } from "./text.ts";
import { exactTime, timeAgo } from "./time.ts";

/** How long before a token falls asleep its owner is warned, in milliseconds: a week. */
const WARNED_BEFORE = 7 * 24 * 60 * 60 * 1000;

/**
 * Renders access tokens with their state.
 *
 * @param hasOwner whether they may belong to several owners
 */
export function tokenTable(
	tokens: AccessToken[],
	hasOwner: boolean,
	now: Date,
): Html {
	return html`<table class="rows">
<thead><tr><th scope="col">Name</th>${hasOwner ? html`<th scope="col">Owner</th>` : ""}<th scope="col">Scopes</th><th scope="col">Created</th><th scope="col">Last used</th><th scope="col">Expires</th><th scope="col">State</th></tr></thead>
<tbody>${tokens.map(
		(token) => html`<tr>
<th scope="row">${foreignText(token.name)}<small class="sub"><code>${token.id}</code></small></th>
${hasOwner ? html`<td data-label="Owner">${foreignText(token.owner)}${token.kind === "service" ? html`<small class="sub">service token</small>` : ""}</td>` : ""}
<td data-label="Scopes">${token.scopes.join(", ")}</td>
<td data-label="Created">${timeAgo(token.created_at, now)}</td>
<td data-label="Last used">${token.last_used_at ? timeAgo(token.last_used_at, now) : "never"}</td>
<td data-label="Expires">${day(token.expires_at)}</td>
<td data-label="State">${stateOf(token, now)}</td>
</tr>`,
	)}</tbody>
</table>`;
}

/** Returns whether a token is asleep, will be within a week, or neither. */
export function sleepOf(
	{ sleeps_at, expires_at, revoked_at }: AccessToken,
	now: Date,
): "asleep" | "soon" | undefined {
	if (sleeps_at === null || revoked_at !== null) return undefined;
	const sleeps = Date.parse(sleeps_at);
	if (sleeps <= now.getTime()) return "asleep";
	// A token that expires first never falls asleep.
	if (sleeps >= Date.parse(expires_at)) return undefined;
	return sleeps - now.getTime() <= WARNED_BEFORE ? "soon" : undefined;
}

/** Renders the day of a time, with the exact time on hover. */
export function day(time: string): Html {
	return html`<time datetime="${time}" title="${exactTime(time)}">${time.slice(0, 10)}</time>`;
}

function stateOf(token: AccessToken, now: Date): Html {
	if (token.revoked_at) {
		return html`<span class="badge bad">Revoked</span> <small>by ${foreignText(token.revoked_by ?? "")} ${timeAgo(token.revoked_at, now)}</small>`;
	}
	if (Date.parse(token.expires_at) <= now.getTime()) {
		return html`<span class="badge quiet">Expired</span>`;
	}
	return html`${livingBadge(token, now)} <a class="revoke" href="/tokens/${token.id}/revoke">Revoke…<span class="hide"> ${token.name}</span></a>`;
}

function livingBadge(token: AccessToken, now: Date): Html {
	const sleep = sleepOf(token, now);
	if (sleep === "asleep") {
		return html`<span class="badge quiet">Asleep</span> <small>until its owner signs in</small>`;
	}
	if (sleep === "soon") {
		return html`<span class="badge warn">Active</span> <small>falls asleep on ${day(token.sleeps_at ?? "")} unless its owner signs in</small>`;
	}
	return html`<span class="badge good">Active</span>`;
}
