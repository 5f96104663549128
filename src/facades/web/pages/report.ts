import { html, raw } from "hono/html";
import type { Assessment } from "../../../checklist/assessment-schema.ts";
import type { History } from "../../../features/decisions/schema.ts";
import type { Neighbours } from "../../../features/queue/schema.ts";
import type { Report } from "../../../features/reports/schema.ts";
import {
	assessmentSummary,
	findingList,
	phaseList,
	trifectaTable,
} from "../components/assessment.ts";
import {
	riskBadge,
	statusBadge,
	statusWords,
	trifectaBadge,
} from "../components/badges.ts";
import { decidedNote } from "../components/decided-note.ts";
import {
	decisionForm,
	type TypedDecision,
} from "../components/decision-form.ts";
import { decisionPanel, type Standing } from "../components/decision-panel.ts";
import { countOf, foreignText, repositoryLink } from "../components/text.ts";
import { exactTime, timeAgo, timeSince } from "../components/time.ts";
import { timeline } from "../components/timeline.ts";
import type { Rendered } from "../markdown/render.ts";
import type { Html, Page, PageState } from "../page.ts";
import { type QueueQuery, queueUrl, reportUrl } from "../queue-address.ts";
import type { Unavailable } from "../unavailable.ts";

/** Everything that a report's page shows. */
export interface ReportPage {
	report: Report;
	assessment: Assessment;
	/** The rendered text; or the text as sent, by the reader's choice or for the given reason. */
	text: Rendered | ({ raw: Html } & Partial<Unavailable>);
	/** The history of the report itself and of the repository's newest revisions. */
	history: History;
	/** The previous revision. */
	previous: Pick<Report, "revision"> | null;
	/** The list that the reader came from, and this report's neighbours in it. */
	list: QueueQuery;
	neighbours: Neighbours;
	typed: TypedDecision;
	/** What a signed-in reader may do; absent where nobody signs in. */
	standing?: Standing;
	csrf: string;
	now: Date;
}

/** Renders one report: what a reviewer asks first, the assessment, the text, and the decision. */
export function reportPage(data: ReportPage): Page {
	const { report, assessment, standing, list, typed, csrf } = data;
	const { text } = data;
	const lineLink = (line: number) =>
		`#line-${"html" in text ? nearestAnchor(text, line) : line}`;
	return {
		title: `${statusWords[report.status]}: ${report.server_name}, revision ${report.revision}`,
		section: "queue",
		state: stateOf(report),
		body: html`<div class="report">
${reportHeader(data)}
<div class="columns">
<section class="desk" aria-label="Review">
<section aria-labelledby="decide-title" class="card">
<h2 id="decide-title">${report.status === "pending_review" ? (standing?.mayDecide === false ? "Approval" : "Decide") : "Decided"}</h2>
${standingDecision(data)}
${besideNote(data)}
${
	standing
		? decisionPanel(report, list, standing, typed, csrf, data.now)
		: decisionForm(report, list, typed, csrf)
}
</section>
<section aria-labelledby="trifecta-title" class="card ${assessment.trifecta.combination === "complete" ? "alarm" : ""}">
<h2 id="trifecta-title">Lethal trifecta</h2>
<p>${trifectaBadge(assessment.trifecta.combination)}</p>
${trifectaTable(assessment.trifecta)}
</section>
<section aria-labelledby="phases-title" class="card">
<h2 id="phases-title">Checks</h2>
${phaseList(assessment.phases, lineLink)}
</section>
</section>
<div class="reading">
<section aria-labelledby="findings-title" class="card">
<h2 id="findings-title">Findings</h2>
<p class="quiet">${assessmentSummary(assessment)}. The assessment is made by the service and decides nothing.</p>
${findingList(assessment.findings, lineLink)}
</section>
<section aria-labelledby="text-title" class="card" id="text">
<h2 id="text-title">Report</h2>
${textTools(data)}
${"html" in text ? html`${outline(text)}<div class="markdown">${raw(text.html)}</div>` : text.raw}
</section>
<section aria-labelledby="history-title" class="card" id="history">
<h2 id="history-title">History</h2>
${historyOf(data)}
</section>
</div>
</div>
</div>`,
	};
}

/** Returns the state that colours a report's favicon. */
export function stateOf({ status }: Pick<Report, "status">): PageState {
	return status === "pending_review" ? "pending" : status;
}

function reportHeader({
	report,
	assessment,
	neighbours,
	list,
	previous: earlier,
	now,
}: ReportPage): Html {
	const { previous, next } = neighbours;
	return html`<header class="head">
<nav class="steps" aria-label="Reports in the queue">
<a href="${queueUrl(list)}">Queue</a>
${previous ? html`<a rel="prev" href="${reportUrl(previous, list)}">‹ Previous</a>` : ""}
${next ? html`<a rel="next" href="${reportUrl(next, list)}">Next ›</a>` : ""}
</nav>
<h1>${foreignText(report.server_name)} ${statusBadge(report.status)}</h1>
<dl class="facts">
<div><dt>Repository</dt><dd>${repositoryLink(report)}</dd></div>
<div><dt>Developer</dt><dd><a href="mailto:${report.developer_email}">${foreignText(report.developer_email)}</a></dd></div>
<div><dt>Revision</dt><dd>${report.revision}${earlier ? html` · <a href="${reportUrl(report.id, list, "compare")}">compare with ${earlier.revision}</a>` : ""}</dd></div>
<div><dt>${report.status === "pending_review" ? "Waiting" : "Submitted"}</dt><dd>${
		report.status === "pending_review"
			? timeSince(report.submitted_at, now)
			: timeAgo(report.submitted_at, now)
	} <small>${exactTime(report.submitted_at)}</small></dd></div>
<div><dt>Risk</dt><dd>${riskBadge(assessment.risk_level)} ${
		assessment.claimed_risk_level !== assessment.risk_level
			? html`<small>says ${assessment.claimed_risk_level}</small>`
			: ""
	}</dd></div>
<div><dt>Complete</dt><dd>${assessment.completeness} % <small>${assessment.answered} of ${assessment.total}</small></dd></div>
<div><dt>Errors</dt><dd>${assessment.error_count === 0 ? "0" : html`<a href="#findings-title">${assessment.error_count}</a>`} <small>${countOf(assessment.warning_count, "warning")}</small></dd></div>
<div><dt>SHA-256</dt><dd><code title="${report.content_sha256}">${report.content_sha256.slice(0, 12)}</code></dd></div>
</dl>
</header>`;
}

/** A new folder name starts a new server, with its own revisions. */
function besideNote({ report, list }: ReportPage) {
	if (!report.beside_live_report) return "";
	return html`<p class="problem">This is the first report for this folder, submitted while another report for the repository, or for the same path on another port of its host, was live. Is it a separate server? <a href="${allReports(report, list)}">All reports of the repository</a></p>`;
}

function standingDecision({ report, history, list, now }: ReportPage) {
	if (report.status === "pending_review") return "";
	const decision = history.own.decisions.at(-1);
	const whole = reportUrl(report.id, list, "history");
	return decision ? decidedNote(decision, whole, now) : "";
}

/** Renders the history; the report's own part comes among the newest revisions, or after them if it is older. */
function historyOf({ report, history, list, now }: ReportPage): Html {
	const { own, newest } = history;
	const isAmong = newest.some(({ id }) => id === own.id);
	const shown = isAmong ? newest : [...newest, own];
	return html`${timeline(shown, report.id, list, now)}
<p class="quiet"><a href="${reportUrl(report.id, list, "history")}">All decisions about this revision</a> · <a href="${allReports(report, list)}">All reports of the repository</a></p>`;
}

function allReports({ repository_url: search }: Report, list: QueueQuery) {
	return queueUrl({ ...list, status: "all", search });
}

function textTools({ report, list, text }: ReportPage): Html {
	const url = reportUrl(report.id, list);
	return html`<ul class="tools">
<li>${
		"html" in text
			? html`<a href="${url}${url.includes("?") ? "&" : "?"}view=raw#text">Raw text</a>`
			: html`<a href="${url}#text">Rendered</a>`
	}</li>
<li><a href="/reports/${report.id}.md" download>Download Markdown</a></li>
<li><a href="/reports/${report.id}.pdf" download>Download PDF</a></li>
</ul>
${"why" in text && text.why ? html`<p class="problem">${whyRaw[text.why]}</p>` : ""}`;
}

const whyRaw: Record<Unavailable["why"], string> = {
	"too complex":
		"This text is too complex to render: it is shown as it was sent.",
	busy: "The service is busy: this text is shown as it was sent. Reload the page in a few seconds to see it rendered.",
	failed: "This text could not be rendered: it is shown as it was sent.",
};

function outline({ outline }: Rendered): Html | string {
	const entries = outline.filter(({ depth }) => depth <= 3).slice(0, 60);
	if (entries.length < 3) return "";
	return html`<details class="outline"><summary>Outline</summary><ul>${entries.map(
		({ depth, text, id }) =>
			html`<li class="depth-${depth}"><a href="#${id}">${foreignText(text)}</a></li>`,
	)}</ul></details>`;
}

/**
 * Returns the block that a line is in: the last one that starts at or before
 * it. A report has many blocks and findings.
 */
function nearestAnchor({ anchors }: Rendered, line: number): number {
	let low = 0;
	let high = anchors.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((anchors[middle] ?? 0) <= line) low = middle + 1;
		else high = middle;
	}
	return anchors[low - 1] ?? anchors[0] ?? 1;
}
