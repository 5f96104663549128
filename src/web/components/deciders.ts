import { html } from "hono/html";
import { decidersOf } from "../../decisions/rules.ts";
import type { Decision } from "../../decisions/schema.ts";
import type { Html } from "../page.ts";
import { foreignText } from "./text.ts";

const listFormat = new Intl.ListFormat("en-GB");

/** By whom a decision is: `rita@example.com and ron@example.com`. */
export function deciders(decision: Decision): Html {
	const parts = listFormat.formatToParts(decidersOf(decision));
	return html`${parts.map(({ type, value }) =>
		type === "element" ? foreignText(value) : value,
	)}`;
}

/** The same for where no markup can stand. */
export function decidersText(decision: Decision): string {
	return listFormat.format(decidersOf(decision));
}
