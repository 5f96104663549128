import { html } from "hono/html";
import type { PublicError } from "../../../core/public-error.ts";
import {
	hiddenDecision,
	type WantedDecision,
} from "../components/decision-form.ts";
import type { Page } from "../page.ts";

const headings: Record<number, string> = {
	400: "This address or form is not valid",
	401: "Sign in first",
	403: "The request was refused",
	404: "Nothing was found here",
	405: "This cannot be done here",
	409: "Somebody else was faster",
	413: "This is too large",
	414: "This address is too long",
	429: "Too many requests",
	503: "Temporarily unavailable",
};

const advice: Record<number, string> = {
	404: "The link may be old or cut off. Everything that exists can be found from the queue.",
	409: "Reload the report to see where it stands.",
	429: "Wait a moment, and reload the page.",
	503: "Nothing was changed. The service recovers by itself; reload this page in a few seconds.",
};

/** Renders what went wrong, and what to do about it. */
export function errorPage(
	error: PublicError,
	request: {
		id: string;
		/** A decision that could not be stored, for sending again unchanged. */
		unsent?: {
			action: string;
			decision: WantedDecision;
			csrf: string;
		};
		/** The address of the report concerned, where that helps. */
		reportUrl?: string;
		/** The reader's start page, if not the queue; `null` for readers who may see no page. */
		home?: string | null;
		/** Where to sign in, for readers who are not signed in. */
		signInUrl?: string;
	},
): Page {
	const { unsent, reportUrl, home = "/", signInUrl } = request;
	// Reloading does not help when the role forbids it.
	const isForbidden = error.status === 403 && error.challenge !== undefined;
	const heading =
		(isForbidden ? "Your role does not allow this" : headings[error.status]) ??
		(error.status >= 500 ? "Something went wrong here" : "This did not work");
	const advised = error.isUnexpected
		? "Try again. If it happens again, give the operators the request id."
		: advice[error.status];
	return {
		title: `${error.status}: ${heading}`,
		state: "rejected",
		body: html`<section class="card error-page" aria-labelledby="error-title">
<p class="quiet">${error.status} ${error.title}</p>
<h1 id="error-title">${heading}</h1>
<p>${error.isUnexpected ? "An unexpected error occurred. It is in the log under the request id below." : error.detail}</p>
${advised ? html`<p>${advised}</p>` : ""}
${
	unsent
		? html`<form method="post" action="${unsent.action}">
${hiddenDecision(unsent.decision, unsent.csrf)}
<p>What you typed is kept: <q>${unsent.decision.review_notes || "no notes"}</q></p>
<button>Try again</button></form>`
		: ""
}
${reportUrl ? html`<p><a href="${reportUrl}">To the report</a></p>` : ""}
${signInUrl ? html`<p><a href="${signInUrl}">Sign in</a></p>` : home ? html`<p><a href="${home}">${home === "/" ? "To the queue" : "To the start"}</a></p>` : ""}
<p class="quiet">Request id: <code>${request.id}</code></p>
</section>`,
	};
}
