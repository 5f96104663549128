import { html } from "hono/html";
import { findRule } from "../../../checklist/rules.ts";
import type { Overview } from "../../../features/overview/schema.ts";
import type { ChartName } from "../charts.ts";
import { inWords } from "../components/time.ts";
import type { Html, Page } from "../page.ts";

/** What the overview shows. */
export interface OverviewPage {
	days: number;
	overview: Overview;
}

/** A row of a table: a name and a number. */
type Row = (string | number | Html)[];

const spans = [
	[30, "30 days"],
	[90, "90 days"],
	[366, "One year"],
] as const;

/** Renders how reviewing is going: charts, each with the table behind it. */
export function overviewPage({ days, overview }: OverviewPage): Page {
	const { time_to_decision: time, outcomes_by_month, step } = overview;
	const risks = overview.risk_distribution;
	const pending = overview.pending_over_time.at(-1)?.pending_review ?? 0;
	const chart = chartOf(days);
	return {
		title: `Overview of ${days} days, ${pending} pending`,
		section: "overview",
		state: pending > 0 ? "pending" : "idle",
		body: html`<h1>Overview</h1>
<nav aria-label="Time"><ul class="tabs">${spans.map(
			([span, label]) =>
				html`<li><a href="/overview?days=${span}" ${span === days ? html`aria-current="page"` : ""}>${label}</a></li>`,
		)}</ul></nav>
<dl class="numbers">
<div class="card"><dt>Pending now</dt><dd>${pending}</dd></div>
<div class="card"><dt>Decided for the first time</dt><dd>${time.decided}</dd></div>
<div class="card"><dt>Time to decision, median</dt><dd>${hoursInWords(time.median_hours)}</dd></div>
<div class="card"><dt>Time to decision, 90th percentile</dt><dd>${hoursInWords(time.p90_hours)}</dd></div>
</dl>
<div class="charts">
${chart(
	"pending",
	`Pending by ${step}`,
	`Reports that were pending at the end of each ${step}; ${pending} now.`,
	[step === "day" ? "Day" : "Week from", "Pending"],
	overview.pending_over_time.map(({ day, pending_review }) => [
		day,
		pending_review,
	]),
)}
${chart(
	"outcomes",
	"Decisions by month",
	"Approved, rejected and reopened reports of each month, stacked.",
	["Month", "Approved", "Rejected", "Reopened"],
	outcomes_by_month.map(({ month, approved, rejected, reopened }) => [
		month,
		approved,
		rejected,
		reopened,
	]),
)}
${chart(
	"risks",
	"Risk of submitted reports",
	`Critical ${risks.critical}, high ${risks.high}, medium ${risks.medium}, low ${risks.low}, unknown ${risks.unknown}.`,
	["Risk", "Reports"],
	(["critical", "high", "medium", "low", "unknown"] as const).map((risk) => [
		risk,
		risks[risk],
	]),
)}
${chart(
	"findings",
	"Most frequent findings",
	"The rules with findings in the most reports.",
	["Rule", "Reports"],
	overview.frequent_findings.map(({ rule, reports }) => [
		html`<a href="/checklist#rule-${rule}">${findRule(rule)?.title ?? rule}</a>`,
		reports,
	]),
)}
</div>`,
	};
}

function chartOf(days: number) {
	return (
		name: ChartName,
		title: string,
		description: string,
		head: string[],
		rows: Row[],
	): Html => {
		const url = `/overview/${name}.svg?days=${days}`;
		return html`<section class="card" aria-labelledby="${name}-title">
<h2 id="${name}-title">${title}</h2>
${
	rows.length === 0
		? html`<p class="calm">Nothing in this time.</p>`
		: html`<picture><source media="(prefers-color-scheme: dark)" srcset="${url}&scheme=dark"><img src="${url}" width="640" height="320" alt="${title}. ${description}"></picture>
<details><summary>As a table</summary>
<div class="scroll" tabindex="0" role="group" aria-label="Table"><table class="dense">
<thead><tr>${head.map((cell, index) => html`<th scope="col" ${index > 0 ? html`class="number"` : ""}>${cell}</th>`)}</tr></thead>
<tbody>${rows.map(
				([first, ...rest]) =>
					html`<tr><th scope="row">${first}</th>${rest.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`,
			)}</tbody>
</table></div></details>`
}
</section>`;
	};
}

function hoursInWords(hours: number | null): string {
	return hours === null ? "–" : inWords(hours * 3600);
}
