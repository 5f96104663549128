import { html, raw } from "hono/html";
import type { Rule } from "../../../checklist/assessment-schema.ts";
import type { Check, Checklist } from "../../../checklist/schema.ts";
import { findingBadge } from "../components/badges.ts";
import { renderMarkdown } from "../markdown/render.ts";
import type { Html, Page } from "../page.ts";

/** Renders the checklist with its rules: what reports are assessed against, to read and to print. */
export function checklistPage(checklist: Checklist & { rules: Rule[] }): Page {
	const { phases, rules, version } = checklist;
	return {
		title: `Checklist ${version}`,
		section: "checklist",
		body: html`<div class="checklist">
<header class="head">
<h1>Go-live checklist <small>version ${version}</small></h1>
<p>Six phases that every MCP server passes before it runs in production. <strong>Critical</strong> checks block the go-live when they fail; <strong>required</strong> ones must pass or be explained; <strong>recommended</strong> ones should pass.</p>
<nav aria-label="On this page" class="no-print"><ul class="tools">${phases.map(({ id, number, title }) => html`<li><a href="#${id}">${number}. ${title}</a></li>`)}<li><a href="#rules">Rules of the assessment</a></li></ul></nav>
</header>
${phases.map(
	({
		id,
		number,
		title,
		summary,
		checks,
	}) => html`<section class="card" id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${number}. ${title}</h2>
<p>${summary}</p>
${checks.map(checkEntry)}
</section>`,
)}
<section class="card" id="rules" aria-labelledby="rules-title">
<h2 id="rules-title">Rules of the assessment</h2>
<p>What the service looks for in every report, what a finding means, and how to make it go away.</p>
${rules.map(ruleEntry)}
</section>
</div>`,
	};
}

function checkEntry(check: Check): Html {
	return html`<section class="check ${check.severity}" id="${check.id}" aria-labelledby="${check.id}-title">
<h3 id="${check.id}-title"><span class="box" aria-hidden="true"></span><span class="check-id">${check.id}</span> ${check.title} <small class="severity">${check.severity}</small></h3>
<p>${check.question}</p>
<dl>
<div><dt>Evidence</dt><dd>${check.evidence}</dd></div>
<div><dt>Verify</dt><dd class="markdown">${guide(check)}</dd></div>
<div><dt>If not</dt><dd>${check.redesign}</dd></div>
${
	check.references.length > 0
		? html`<div><dt>See</dt><dd><ul class="tools">${check.references.map(({ title, url }) => html`<li><a href="${url}" target="_blank" rel="noopener noreferrer nofollow">${title}</a></li>`)}</ul></dd></div>`
		: ""
}
</dl>
</section>`;
}

function ruleEntry({ id, severity, title, meaning, fix }: Rule): Html {
	return html`<section class="rule" id="rule-${id}" aria-labelledby="rule-${id}-title">
<h3 id="rule-${id}-title">${findingBadge(severity)} ${title} <small><code>${id}</code></small></h3>
<p>${meaning} <strong>Fix:</strong> ${fix}</p>
</section>`;
}

/** The checklist is our own text, and short; ids would repeat from check to check. */
function guide({ verify }: Check): Html {
	const { html: markup } = renderMarkdown(verify);
	return raw(markup.replaceAll(/ id="line-\d+"/g, ""));
}
