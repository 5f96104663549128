import { html } from "hono/html";
import { foreignText, visibleText } from "./components/text.ts";
import type { Frame, Html, Page } from "./page.ts";
import { homeOf, sectionsFor } from "./sections.ts";

const shortcuts = [
	["j", "Next row of a list, or next report"],
	["k", "Previous row, or previous report"],
	["Enter", "Open the selected row"],
	["/", "Search"],
	["a", "Approve: goes to the confirmation"],
	["r", "Reject: goes to the notes"],
	["?", "This sheet"],
] as const;

/** Renders the whole HTML document around a page. */
export function layout(page: Page, frame: Frame): Html {
	const { assets, queue, viewer } = frame;
	return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${visibleText(page.title)} · MCP Go-Live</title>
<link rel="icon" type="image/svg+xml" href="${assets[`icon-${page.state ?? "idle"}.svg`]}" data-pending="${assets["icon-pending.svg"]}">
<link rel="stylesheet" href="${assets["pico.min.css"]}">
<link rel="stylesheet" href="${assets["desk.css"]}">
<script type="module" src="${assets["desk.js"]}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="bar">
<a class="brand" href="${viewer ? homeOf(viewer) : "/"}">MCP Go-Live</a>
<nav aria-label="Main">
<ul>${sectionsFor(viewer).map(
		({ id, href, label }) =>
			html`<li><a href="${href}" ${id === page.section ? html`aria-current="page"` : ""}>${label}${
				id === "queue" && queue
					? html` <span class="count" data-pending>${queue.pending_review}<span class="hide"> pending</span></span>`
					: ""
			}</a></li>`,
	)}</ul>
</nav>${accountOf(page, frame)}
</header>
${viewer === undefined || queue ? html`<p class="news" role="status" aria-live="polite" data-news data-newest="${queue?.newest_id ?? ""}"></p>` : ""}
<main id="main" tabindex="-1">
${page.body}
</main>
<footer class="foot">
<p>MCP Go-Live ${frame.version} · <a href="/docs">API reference</a> · <a href="/openapi.json">OpenAPI</a> · <a href="/checklist#rules">Rules of the assessment</a> <span class="keys-hint" hidden data-script-only>· <button type="button" class="link" data-help>Keyboard shortcuts <kbd>?</kbd></button></span></p>
</footer>
<dialog id="help" aria-labelledby="help-title">
<article>
<h2 id="help-title">Keyboard shortcuts</h2>
<dl class="keys">${shortcuts.map(([key, meaning]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${meaning}</dd></div>`)}</dl>
<form method="dialog"><button>Close</button></form>
</article>
</dialog>
</body>
</html>`;
}

/** Renders the signed-in person with the sign-out form, or the sign-in link for others. */
function accountOf(page: Page, { viewer }: Frame): Html | string {
	if (viewer === undefined) return "";
	if (viewer === null) {
		return html`<p class="account"><a href="/sign-in">Sign in</a></p>`;
	}
	const email = foreignText(viewer.email);
	return html`<form class="account" method="post" action="/sign-out">
<span><span class="hide">Signed in as </span>${
		viewer.permissions.has("sessions:own")
			? html`<a href="/sessions" title="Where you are signed in" ${page.section === "sessions" ? html`aria-current="page"` : ""}>${email}</a>`
			: email
	}</span>
<input type="hidden" name="csrf" value="${viewer.csrf}">
<button class="link">Sign out</button>
</form>`;
}
