import { html } from "hono/html";
import { type Permission, permissions } from "../../../core/words.ts";
import type { Html } from "../page.ts";

/** What somebody typed for a new token, and its problems. */
export interface TypedToken {
	name: string;
	scopes: string[];
	expires_in_days: string;
	/** The group responsible for a service token. */
	owner?: string;
	/** What must be corrected, by field; `form` is about the form as a whole. */
	problems?: Partial<Record<string, string>>;
}

/** What each scope lets a token do. An approval needs a person, whatever the role allows. */
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

/**
 * Renders the form that creates a token: somebody's own, or a service's.
 *
 * @param scopes the scopes it may have
 */
export function tokenForm(
	kind: "personal" | "service",
	{
		scopes,
		typed,
		csrf,
	}: { scopes: Permission[]; typed: TypedToken; csrf: string },
): Html {
	const { problems = {} } = typed;
	const isService = kind === "service";
	const describedBy = (field: string) =>
		problems[field]
			? html`aria-invalid="true" aria-describedby="${field}-problem"`
			: "";
	const problem = (field: string) =>
		problems[field]
			? html`<p class="problem" id="${field}-problem">${problems[field]}</p>`
			: "";
	if (scopes.length === 0) {
		return html`<p class="calm">Your roles do not allow anything that a token could be used for.</p>`;
	}
	return html`<section class="card new-token" aria-labelledby="new-title">
<h2 id="new-title">${isService ? "Create a service token" : "Create an access token"}</h2>
${isService ? html`<p class="quiet">For CI and other programs that must not depend on one person's account. It acts for nobody: it submits no report and decides nothing. Any admin can revoke it.</p>` : ""}
<form method="post" action="${isService ? "/tokens/service" : "/tokens"}" novalidate data-once>
<input type="hidden" name="csrf" value="${csrf}">
${problems.form ? html`<p class="problem" role="alert">${problems.form}</p>` : ""}
<label for="name">Name <small>what it is for, as in CI of mcp-servicenow</small></label>
<input id="name" name="name" type="text" maxlength="100" required autocomplete="off" value="${typed.name}" ${describedBy("name")}>
${problem("name")}
${
	isService
		? html`<label for="group">Group <small>whose e-mail address answers for it: no person's, who may leave</small></label>
<input id="group" name="owner" type="email" maxlength="255" required autocomplete="off" value="${typed.owner ?? ""}" placeholder="platform@example.com" ${describedBy("owner")}>
${problem("owner")}`
		: ""
}
<fieldset ${describedBy("scopes")}><legend>Scopes <small>what it may be used for</small></legend>
${scopes.map(
	(scope) =>
		html`<label><input type="checkbox" name="scopes" value="${scope}" ${typed.scopes.includes(scope) ? html`checked` : ""}> <code>${scope}</code> ${scopeWords[scope]}</label>`,
)}
</fieldset>
${problem("scopes")}
<label for="expires_in_days">Expires after</label>
<select id="expires_in_days" name="expires_in_days" ${describedBy("expires_in_days")}>${lifetimes.map(
		([days, label]) =>
			html`<option value="${days}" ${days === typed.expires_in_days ? html`selected` : ""}>${label}</option>`,
	)}</select>
${problem("expires_in_days")}
<button>Create the token</button>
</form>
</section>`;
}
