import { html } from "hono/html";
import { facades } from "../../../core/words.ts";
import { actions, methods } from "../../../features/audit/schema.ts";
import type { Html } from "../page.ts";
import { capitalise, facadeWords, methodWords, words } from "./audit-words.ts";

/** The state of the list as in the address; times are minutes in UTC, as in `2025-10-20T10:00`. */
export type AuditQuery = Record<
	| "actor"
	| "action"
	| "report_id"
	| "method"
	| "facade"
	| "since"
	| "until"
	| "after",
	string | undefined
>;

/** Problems of the filters, by filter name. */
export type FilterProblems = Partial<Record<keyof AuditQuery, string>>;

const filterNames: Record<keyof AuditQuery, string> = {
	actor: "Person",
	action: "Action",
	report_id: "Report",
	method: "Known by",
	facade: "Through",
	since: "From (UTC)",
	until: "Before (UTC)",
	after: "Row",
};

/** Renders the problems of the filters, one sentence each. */
export function auditProblems(problems: FilterProblems): Html {
	const sentences = Object.entries({
		...problems,
		// The rows show only the beginning of an id.
		...(problems.report_id && {
			report_id: "Must be the report's full id, as in its address.",
		}),
	}).map(
		([name, message]) =>
			html`<strong>${filterNames[name as keyof AuditQuery]}:</strong> ${message} `,
	);
	return html`<p class="problem" role="alert" id="filter-problem">${sentences}</p>`;
}

/** Renders the form that filters the audit log, with the current values. */
export function auditFilters(
	query: AuditQuery,
	problems: FilterProblems = {},
): Html {
	const { after: _, ...filters } = query;
	const invalid = (name: keyof AuditQuery) =>
		problems[name]
			? html`aria-invalid="true" aria-describedby="filter-problem"`
			: "";
	const isFiltered = Object.values(filters).some((value) => value);
	return html`<search><form class="filters" method="get" action="/audit">
<div class="search"><label for="actor">${filterNames.actor}</label>
<input id="actor" type="search" name="actor" maxlength="255" value="${query.actor ?? ""}" placeholder="alex@example.com" ${invalid("actor")}></div>
${choice("action", filterNames.action, query.action, actions, (action) => capitalise(words(action)))}
${choice("method", filterNames.method, query.method, methods, (method) => capitalise(methodWords[method] ?? method))}
${choice("facade", filterNames.facade, query.facade, facades, (facade) => facadeWords[facade] ?? facade)}
<div><label for="since">${filterNames.since}</label><input id="since" type="datetime-local" name="since" value="${query.since ?? ""}" ${invalid("since")}></div>
<div><label for="until">${filterNames.until}</label><input id="until" type="datetime-local" name="until" value="${query.until ?? ""}" ${invalid("until")}></div>
<div><label for="report_id">${filterNames.report_id}</label><input id="report_id" name="report_id" maxlength="36" value="${query.report_id ?? ""}" placeholder="Its id" ${invalid("report_id")}></div>
<div><button>Show</button></div>
${isFiltered ? html`<p><a href="/audit">Clear filters</a></p>` : ""}
</form></search>`;
}

function choice(
	name: string,
	label: string,
	value: string | undefined,
	options: readonly string[],
	say: (option: string) => string,
): Html {
	return html`<div><label for="${name}">${label}</label><select id="${name}" name="${name}"><option value="">Any</option>${options.map(
		(option) =>
			html`<option value="${option}" ${option === value ? html`selected` : ""}>${say(option)}</option>`,
	)}</select></div>`;
}
