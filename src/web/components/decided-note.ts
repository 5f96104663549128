import { html } from "hono/html";
import { approvalsBefore } from "../../decisions/rules.ts";
import type { Decision } from "../../decisions/schema.ts";
import type { Html } from "../page.ts";
import { statusBadge } from "./badges.ts";
import { deciders } from "./deciders.ts";
import { foreignText } from "./text.ts";
import { exactTime, timeAgo } from "./time.ts";

/** The decision that stands: what, by whom, when, and everybody's notes. */
export function decidedNote(decision: Decision, now: Date): Html {
	const { to_status, decided_by, decided_at, notes } = decision;
	const before = to_status === "approved" ? approvalsBefore(decision) : [];
	const written = [
		...before.map(({ approved_by, notes }) => ({ by: approved_by, notes })),
		{ by: decided_by, notes },
	].filter(({ notes }) => notes !== null);
	return html`<p>${statusBadge(to_status)} by ${deciders(decision)} ${timeAgo(decided_at, now)} <small>${exactTime(decided_at)}</small></p>
${written.map(
	({ by, notes }) =>
		html`<blockquote class="notes">${
			before.length > 0
				? html`<strong>${foreignText(by)}</strong>
`
				: ""
		}${foreignText(notes ?? "")}</blockquote>`,
)}`;
}
