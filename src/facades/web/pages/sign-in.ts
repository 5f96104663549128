import { html } from "hono/html";
import type { Html, Page } from "../page.ts";

/** Renders the page that takes a browser to the identity provider where a redirect would be blocked. */
export function goingToSignInPage(providerUrl: string): Page {
	return noticePage(
		"Signing in",
		html`<p>You are being sent to the identity provider. <a href="${providerUrl}">Continue</a></p>`,
	);
}

/** Renders why nobody was signed in. */
export function signInFailedPage(failure: {
	status: number;
	message: string;
	signInUrl: string;
	requestId: string;
}): Page {
	const isOutage = failure.status === 503;
	return noticePage(
		isOutage
			? "The identity provider does not answer"
			: "You are not signed in",
		html`<p>${failure.message}</p>
${isOutage ? "" : html`<p>If it happens again, ask the operators of the identity provider, and give them the request id.</p>`}
<p><a href="${failure.signInUrl}" role="button">Sign in again</a></p>
<p class="quiet">Request id: <code>${failure.requestId}</code></p>`,
		failure.status,
	);
}

/**
 * Renders the page after signing out here.
 *
 * @param providerUrl where the browser goes next, to be signed out there too
 */
export function signedOutPage(providerUrl?: string): Page {
	return noticePage(
		"You are signed out",
		providerUrl
			? html`<p>You are signed out here, and are being sent to the identity provider to be signed out there too. <a href="${providerUrl}">Continue</a></p>`
			: html`<p>Whoever uses this browser next has to sign in. You may still be signed in at the identity provider, and in other applications.</p>
<p><a href="/sign-in" role="button">Sign in</a></p>`,
	);
}

/** Renders a page with a single message. */
export function noticePage(heading: string, text: Html, status?: number): Page {
	return {
		title: status ? `${status}: ${heading}` : heading,
		state: status ? "rejected" : "idle",
		body: html`<section class="card error-page" aria-labelledby="notice-title">
<h1 id="notice-title">${heading}</h1>
${text}
</section>`,
	};
}
