import { html } from "hono/html";
import { approvalsBefore } from "../../../features/decisions/rules.ts";
import type { Decision } from "../../../features/decisions/schema.ts";
import type { Html } from "../page.ts";
import { statusBadge } from "./badges.ts";
import { deciders } from "./deciders.ts";
import { notesQuote } from "./notes.ts";
import { exactTime, timeAgo } from "./time.ts";

/**
 * Renders the current decision: what was decided, by whom, when, and
 * everybody's notes.
 *
 * @param whole whether long notes are shown in full
 */
export function decidedNote(
	decision: Decision,
	whole: string,
	now: Date,
): Html {
	const { to_status, decided_by, decided_at } = decision;
	const before = to_status === "approved" ? approvalsBefore(decision) : [];
	const written = [...before, { ...decision, approved_by: decided_by }].filter(
		({ notes }) => notes !== null,
	);
	return html`<p>${statusBadge(to_status)} by ${deciders(decision)} ${timeAgo(decided_at, now)} <small>${exactTime(decided_at)}</small></p>
${written.map(({ approved_by: by, ...notes }) =>
	notesQuote(notes, whole, before.length > 0 ? by : undefined),
)}`;
}
