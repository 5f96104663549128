import { html } from "hono/html";
import type { ReportCounts } from "../../../features/queue/schema.ts";
import type { ReportSummary } from "../../../features/reports/schema.ts";
import { riskBadge, statusBadge } from "../components/badges.ts";
import { pager } from "../components/pager.ts";
import { countOf, foreignText, repositoryName } from "../components/text.ts";
import { timeAgo, timeSince } from "../components/time.ts";
import type { Html, Page } from "../page.ts";
import {
	type QueueQuery,
	queueUrl,
	reportUrl,
	usualSort,
} from "../queue-address.ts";

/** What the queue shows. */
export interface QueuePage {
	query: QueueQuery;
	counts: ReportCounts;
	reports: ReportSummary[];
	/** Whether more reports follow. */
	hasMore: boolean;
	/** Whether the reader sees only their own reports. */
	isOwnOnly?: boolean;
	now: Date;
}

const tabs = [
	["pending_review", "Pending"],
	["approved", "Approved"],
	["rejected", "Rejected"],
	["all", "All"],
] as const;

/** Renders the pending reports, or any others, with what a reviewer chooses by. */
export function queuePage(data: QueuePage): Page {
	const { query, counts, reports, isOwnOnly = false } = data;
	const tab = tabs.find(([status]) => status === query.status)?.[1] ?? "All";
	return {
		title:
			query.status === "pending_review"
				? `(${counts.pending_review}) Pending reviews`
				: `${tab} reports`,
		section: "queue",
		state: counts.pending_review > 0 ? "pending" : "idle",
		body: html`<h1>${isOwnOnly ? "Your reports" : "Review queue"}</h1>
<nav aria-label="By status"><ul class="tabs">${tabs.map(
			([status, label]) =>
				html`<li><a href="${queueUrl(tabQuery(query, status))}" ${status === query.status ? html`aria-current="page"` : ""}>${label} <span class="count">${counts[status].toLocaleString("en")}</span></a></li>`,
		)}</ul></nav>
${filterForm(query)}
<section class="card" aria-label="${tab} reports">
${reports.length === 0 ? emptyNote(query, isOwnOnly) : reportTable(data)}
</section>
${pager((after) => queueUrl({ ...query, after }), query.after, data.hasMore ? reports.at(-1)?.id : undefined)}`,
	};
}

function tabQuery(query: QueueQuery, status: QueueQuery["status"]): QueueQuery {
	const sort =
		query.sort === usualSort(query.status) ? usualSort(status) : query.sort;
	return { ...query, status, sort, after: undefined };
}

function filterForm(query: QueueQuery): Html {
	const isFiltered =
		query.search || query.risk_level || query.trifecta || query.has_errors;
	return html`<search><form class="filters" method="get" action="/" id="search">
${query.status === "pending_review" ? "" : html`<input type="hidden" name="status" value="${query.status}">`}
<div class="search"><label for="q">Search</label>
<input id="q" type="search" name="search" maxlength="200" value="${query.search ?? ""}" placeholder="Server, repository or developer"></div>
${choice("risk_level", "Risk", query.risk_level, [
	["", "Any"],
	["critical", "Critical"],
	["high", "High"],
	["medium", "Medium"],
	["low", "Low"],
	["unknown", "Unknown"],
])}
${choice("has_errors", "Findings", query.has_errors, [
	["", "Any"],
	["true", "With errors"],
	["false", "Without errors"],
])}
${choice("trifecta", "Trifecta", query.trifecta, [
	["", "Any"],
	["complete", "Complete"],
	["broken", "Not complete"],
	["unknown", "Unknown"],
])}
${choice("sort", "Order", query.sort, [
	["waiting", "Longest waiting"],
	["risk", "Riskiest"],
	["newest", "Newest"],
])}
<div><button>Show</button></div>
${isFiltered ? html`<p data-filtered><a href="${queueUrl({ status: query.status, sort: usualSort(query.status) })}">Clear filters</a></p>` : ""}
</form></search>`;
}

function choice(
	name: string,
	label: string,
	value: string | undefined,
	options: [value: string, label: string][],
): Html {
	return html`<div><label for="${name}">${label}</label><select id="${name}" name="${name}">${options.map(
		([option, text]) =>
			html`<option value="${option}" ${option === (value ?? "") ? html`selected` : ""}>${text}</option>`,
	)}</select></div>`;
}

function reportTable({ query, reports, now }: QueuePage): Html {
	return html`<table class="rows">
<thead><tr><th scope="col">Server</th><th scope="col">Developer</th><th scope="col" class="number">Rev.</th><th scope="col">Risk</th><th scope="col" class="number">Complete</th><th scope="col" class="number">Errors</th>${query.status === "pending_review" ? "" : html`<th scope="col">Status</th>`}<th scope="col">${query.status === "pending_review" ? "Waiting" : "Submitted"}</th></tr></thead>
<tbody>${reports.map((report) => reportRow(report, query, now))}</tbody>
</table>`;
}

function reportRow(report: ReportSummary, query: QueueQuery, now: Date): Html {
	const isWaiting = report.status === "pending_review";
	return html`<tr ${isAlarming(report) ? html`class="alarming"` : ""}>
<th scope="row"><a href="${reportUrl(report.id, query)}" data-row-link>${foreignText(report.server_name)}</a> ${alarms(report)}<small class="sub">${repositoryName(report)}</small></th>
<td data-label="Developer">${foreignText(report.developer_email)}</td>
<td data-label="Revision" class="number">${report.revision}</td>
<td data-label="Risk">${riskBadge(report.risk_level)}</td>
<td data-label="Complete" class="number">${report.completeness === null ? "–" : `${report.completeness} %`}</td>
<td data-label="Errors" class="number">${report.error_count ?? "–"}</td>
${query.status === "pending_review" ? "" : html`<td data-label="Status">${statusBadge(report.status)}${report.reviewed_by ? html` <small>${foreignText(report.reviewed_by)}</small>` : ""}</td>`}
<td data-label="${isWaiting ? "Waiting" : "Submitted"}">${
		isWaiting && query.status === "pending_review"
			? timeSince(report.submitted_at, now)
			: timeAgo(report.submitted_at, now)
	}</td>
</tr>`;
}

function isAlarming(report: ReportSummary): boolean {
	return report.trifecta === "complete" || (report.critical_failures ?? 0) > 0;
}

function alarms(report: ReportSummary): Html {
	const failures = report.critical_failures ?? 0;
	const approvals = report.status === "pending_review" ? report.approvals : 0;
	return html`${report.trifecta === "complete" ? html`<span class="badge dire">Trifecta</span> ` : ""}${
		failures > 0
			? html`<span class="badge bad">${failures} critical failed</span> `
			: ""
	}${
		report.beside_live_report
			? html`<span class="badge open" title="Another server of its repository is live, or of the same path on another port, and this folder is new">New folder</span> `
			: ""
	}${approvals > 0 ? html`<span class="badge open">${countOf(approvals, "approval")}</span> ` : ""}`;
}

function emptyNote(query: QueueQuery, isOwnOnly: boolean): Html {
	if (
		query.search ||
		query.risk_level ||
		query.trifecta ||
		query.has_errors ||
		query.after
	) {
		return html`<p class="calm">No report matches these filters. <a href="${queueUrl({ status: query.status, sort: query.sort })}">Show all of this tab</a></p>`;
	}
	if (isOwnOnly) {
		return html`<p class="calm">You have no such reports. Submit one from Claude Code with the go-live skill, or with <a href="/docs">the API</a>; it appears here automatically.</p>`;
	}
	if (query.status === "pending_review") {
		return html`<p class="calm">No report is waiting for review. A developer submits a report from Claude Code with the go-live skill, or with <a href="/docs">the API</a>; it appears here automatically.</p>`;
	}
	return html`<p class="calm">There are no such reports yet.</p>`;
}
