import { html } from "hono/html";
import { foreignText } from "../components/text.ts";
import type { Html, Page } from "../page.ts";
import { noticePage } from "./sign-in.ts";

/** A form that came without a session, or whose sender could not be identified. */
export interface KeptForm {
	status: number;
	/** The reason. */
	detail: string;
	/** Where to sign in, if that helps. */
	signInUrl: string | undefined;
	/** What was typed, and where to send it for another look. */
	typed:
		| { action: string; fields: [name: string, value: string][] }
		| undefined;
}

/** Renders a refused form with everything that was typed; nothing was changed. */
export function keptFormPage(kept: KeptForm): Page {
	const { status, detail, signInUrl, typed } = kept;
	const heading = signInUrl
		? "Your session has ended"
		: "This could not be stored";
	return noticePage(
		heading,
		html`<p>${detail} Nothing was changed${typed ? ", and what you typed is kept on this page" : ""}.</p>
${typed ? typedAgain(typed, signInUrl) : signInUrl ? html`<p><a href="${signInUrl}" role="button">Sign in</a></p>` : ""}`,
		status,
	);
}

function typedAgain(
	{ action, fields }: NonNullable<KeptForm["typed"]>,
	signInUrl: string | undefined,
): Html {
	const notes = fields.find(([name]) => name === "review_notes")?.[1];
	return html`${notes ? html`<blockquote class="notes">${foreignText(notes)}</blockquote>` : ""}
${
	signInUrl
		? html`<ol>
<li><a href="${signInUrl}" target="_blank" rel="noopener">Sign in in a new tab</a></li>
<li>Come back to this one, and go on:</li>
</ol>`
		: ""
}
<form method="post" action="${action}">
${fields.map(
	([name, value]) => html`<textarea name="${name}" hidden>
${value}</textarea>`,
)}
<input type="hidden" name="change" value="yes">
<button>Continue where I was</button>
</form>`;
}
