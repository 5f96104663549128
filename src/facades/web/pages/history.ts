import { setImmediate as nextTurn } from "node:timers/promises";
import { html, raw } from "hono/html";
import type {
	Approvals,
	Decision,
} from "../../../features/decisions/schema.ts";
import type { Report } from "../../../features/reports/schema.ts";
import { countOf, foreignText } from "../components/text.ts";
import {
	approvalEvent,
	decisionEvents,
	eventItem,
} from "../components/timeline.ts";
import type { Page } from "../page.ts";
import { type QueueQuery, queueFields, reportUrl } from "../queue-address.ts";
import { stateOf } from "./report.ts";

/** A page of a report's decisions. */
export interface HistoryPage {
	report: Report;
	decisions: Decision[];
	approvals: Approvals;
	/** The number of decisions before this page. */
	after: number;
	/** The list that the reader came from. */
	list: QueueQuery;
	now: Date;
}

/**
 * Renders all decisions about a report, oldest first, and then the approvals
 * since the last one, with notes in full. These may be long: while they are
 * being written, other requests are answered.
 */
export async function historyPage(data: HistoryPage): Promise<Page> {
	const { report, decisions, approvals, after, list, now } = data;
	const url = reportUrl(report.id, list, "history");
	const seen = after + decisions.length;
	const isLast = seen >= report.decision_count;
	const open =
		isLast && report.status === "pending_review" ? approvals.recorded : [];
	const items: string[] = [];
	for (const event of [
		...decisionEvents(decisions),
		...open.map(approvalEvent),
	]) {
		items.push(String(eventItem(event, url, now)));
		await nextTurn();
	}
	return {
		title: `Decisions: ${report.server_name}, revision ${report.revision}`,
		section: "queue",
		state: stateOf(report),
		body: html`<header class="head">
<nav class="steps" aria-label="Back"><a href="${reportUrl(report.id, list)}">‹ Revision ${report.revision}</a></nav>
<h1>${foreignText(report.server_name)}: decisions</h1>
</header>
<section class="card" aria-label="Decisions">
<p class="quiet">${countOf(report.decision_count, "decision")}, oldest first.</p>
${items.length === 0 ? html`<p class="calm">There are no more.</p>` : html`<ol class="timeline">${raw(items.join(""))}</ol>`}
${
	isLast
		? ""
		: html`<form method="get" action="/reports/${report.id}/history" class="inline">
${queueFields(list).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<input type="hidden" name="seen" value="${seen}">
<button class="secondary">Later decisions</button>
</form>`
}
</section>`,
	};
}
