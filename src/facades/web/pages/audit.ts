import { html } from "hono/html";
import { hashEntry } from "../../../audit/rules.ts";
import type { AuditEntry } from "../../../features/audit/schema.ts";
import {
	type AuditQuery,
	auditFilters,
	auditProblems,
	type FilterProblems,
} from "../components/audit-filters.ts";
import {
	capitalise,
	facadeWords,
	methodWords,
	words,
} from "../components/audit-words.ts";
import { pager } from "../components/pager.ts";
import { foreignText } from "../components/text.ts";
import type { Html, Page } from "../page.ts";

/** What the audit log page shows. */
export interface AuditPage {
	query: AuditQuery;
	entries: AuditEntry[];
	hasMore: boolean;
	/** Problems of the filters, by name; nothing is listed then. */
	problems?: FilterProblems;
}

/** Renders the audit log, newest first, with the state of the chain in the rows shown. */
export function auditPage(data: AuditPage): Page {
	const { query, entries, hasMore, problems } = data;
	return {
		title: "Audit log",
		section: "audit",
		body: html`<h1>Audit log</h1>
<p class="quiet">Who did what, and what was refused. Nobody can change a row without breaking the chain; <code>mcp-go-live audit verify</code> walks all of it.</p>
${problems ? auditProblems(problems) : ""}
${auditFilters(query, problems)}
${entries.length > 0 ? chainNote(entries) : ""}
<section class="card" aria-label="Rows">
${
	entries.length === 0
		? html`<p class="calm">${problems ? "No row is shown." : "No row matches these filters."} <a href="/audit">Show all</a></p>`
		: entryTable(entries)
}
</section>
${pager((after) => auditUrl({ ...query, after }), query.after, hasMore ? entries.at(-1)?.seq.toString() : undefined, "To the newest")}`,
	};
}

/** Renders what the rows shown prove by themselves. */
function chainNote(entries: AuditEntry[]): Html {
	const broken = entries.filter((entry, index) =>
		isBroken(entry, entries[index + 1]),
	);
	if (broken.length === 0) {
		return html`<p><span class="badge good">Chain unbroken</span> Each of these rows is as it was recorded.</p>`;
	}
	return html`<p role="alert"><span class="badge dire">Chain broken</span> Not as recorded: ${broken.map(({ seq }) => `row ${seq}`).join(", ")}.</p>`;
}

/** Returns whether a row lacks the hash of its content, or does not follow the row shown before it. */
function isBroken(entry: AuditEntry, before: AuditEntry | undefined): boolean {
	const isNext = before?.seq === entry.seq - 1;
	return (
		hashEntry(entry) !== entry.hash ||
		(isNext && entry.previous_hash !== before.hash)
	);
}

function entryTable(entries: AuditEntry[]): Html {
	return html`<table class="rows audit">
<thead><tr><th scope="col">What</th><th scope="col">Who</th><th scope="col">Through</th><th scope="col">Facts</th><th scope="col">When (UTC)</th><th scope="col" class="number">Row</th></tr></thead>
<tbody>${entries.map((entry, index) => entryRow(entry, entries[index + 1]))}</tbody>
</table>`;
}

function entryRow(entry: AuditEntry, before: AuditEntry | undefined): Html {
	const { seq, time, actor, method, facade, client, address } = entry;
	return html`<tr ${isBroken(entry, before) ? html`class="alarming"` : ""} id="row-${seq}">
<th scope="row">${capitalise(words(entry.action))}${subject(entry)}</th>
<td data-label="Who">${actor === null ? html`<span class="quiet">unknown</span>` : foreignText(actor)}<small class="sub">${methodWords[method] ?? method}</small></td>
<td data-label="Through">${facadeWords[facade] ?? facade}${address ? html` <small>${foreignText(address)}</small>` : ""}${client === null ? "" : html`<small class="sub">${foreignText(client)}</small>`}</td>
<td data-label="Facts">${facts(entry)}</td>
<td data-label="When"><time datetime="${time}" title="${time}">${time.slice(0, 10)} ${time.slice(11, 19)}</time><small class="sub">request ${foreignText(entry.request_id)}</small></td>
<td data-label="Row" class="number">${seq} ${isBroken(entry, before) ? html`<span class="badge dire">Broken</span>` : ""}</td>
</tr>`;
}

/** Renders the report, or other subject, that a row is about. */
function subject({ report_id, target, after }: AuditEntry): Html | string {
	const name = after?.server_name ?? after?.name ?? target;
	if (report_id !== null) {
		const words = after?.server_name ?? `report ${report_id.slice(0, 8)}`;
		return html`<small class="sub"><a href="/reports/${report_id}" data-row-link>${foreignText(String(words))}</a></small>`;
	}
	return name
		? html`<small class="sub">${foreignText(String(name))}</small>`
		: "";
}

/** Renders what changed: `status: pending_review, now approved`. */
function facts({ before, after }: AuditEntry): Html {
	const names = new Set([
		...Object.keys(before ?? {}),
		...Object.keys(after ?? {}),
	]);
	// It is already shown below the action.
	names.delete("server_name");
	return html`<small>${[...names].map((name) => {
		const [was, is] = [before?.[name], after?.[name]];
		const now = is === undefined ? "none" : foreignText(short(String(is)));
		return html`<span class="sub">${words(name)}: ${was === undefined ? now : html`${foreignText(String(was))}, now ${now}`}</span>`;
	})}</small>`;
}

/** Shortens a hash to its beginning; the API has all of it. */
function short(value: string): string {
	return /^[0-9a-f]{64}$/.test(value) ? `${value.slice(0, 12)}…` : value;
}

function auditUrl(query: AuditQuery): string {
	const given = Object.entries(query).filter(([, value]) => value);
	const text = new URLSearchParams(given as [string, string][]).toString();
	return text === "" ? "/audit" : `/audit?${text}`;
}
