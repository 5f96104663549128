import { html } from "hono/html";
import type { Report } from "../../../features/reports/schema.ts";
import { foreignText, repositoryLink } from "../components/text.ts";
import { exactTime } from "../components/time.ts";
import type { Page } from "../page.ts";
import { type QueueQuery, reportUrl } from "../queue-address.ts";
import { stateOf } from "./report.ts";

/** Renders what is about to be withdrawn; nothing changes until its form is sent. */
export function withdrawPage({
	report,
	list,
	csrf,
}: {
	report: Report;
	/** The list that the submitter came from. */
	list: QueueQuery;
	csrf: string;
}): Page {
	return {
		title: `Withdraw ${report.server_name}?`,
		section: "queue",
		state: stateOf(report),
		body: html`<section class="confirm card rejected" aria-labelledby="confirm-title">
<h1 id="confirm-title">Withdraw ${foreignText(report.server_name)}, revision ${report.revision}?</h1>
<p>The report becomes rejected, with the notes “withdrawn by submitter”, and you can submit the next revision. You cannot undo this.</p>
<dl class="facts">
<div><dt>Repository</dt><dd>${repositoryLink(report)}</dd></div>
<div><dt>Submitted</dt><dd>${exactTime(report.submitted_at)}</dd></div>
</dl>
<form method="post" action="${reportUrl(report.id, list, "withdrawal")}" data-once>
<input type="hidden" name="csrf" value="${csrf}">
<div class="actions"><button class="reject" autofocus>Withdraw revision ${report.revision}</button></div>
</form>
<p><a href="${reportUrl(report.id, list)}">Keep it</a></p>
</section>`,
	};
}
