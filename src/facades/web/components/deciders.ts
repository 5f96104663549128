import { html } from "hono/html";
import { decidersOf } from "../../../features/decisions/rules.ts";
import type { Decision } from "../../../features/decisions/schema.ts";
import type { Html } from "../page.ts";
import { foreignText } from "./text.ts";

const listFormat = new Intl.ListFormat("en-GB");

/** Renders everybody who took part in the decision: `rita@example.com and ron@example.com`. */
export function deciders(decision: Decision): Html {
	return nameList(decidersOf(decision));
}

/**
 * Renders who decided last, where the others have been named before:
 * `ron@example.com, after rita@example.com`.
 */
export function lastDecider(decision: Decision): Html {
	const before = decidersOf(decision).slice(0, -1);
	return html`${foreignText(decision.decided_by)}${before.length > 0 ? html`, after ${nameList(before)}` : ""}`;
}

/** Returns the same as plain text. */
export function lastDeciderText(decision: Decision): string {
	const before = decidersOf(decision).slice(0, -1);
	return before.length > 0
		? `${decision.decided_by}, after ${listFormat.format(before)}`
		: decision.decided_by;
}

function nameList(names: string[]): Html {
	const parts = listFormat.formatToParts(names);
	return html`${parts.map(({ type, value }) =>
		type === "element" ? foreignText(value) : value,
	)}`;
}
