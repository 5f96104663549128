import { html } from "hono/html";
import type { Html } from "../page.ts";
import { codeInText } from "./code-in-text.ts";

/** The parts of JSON Schema 2020-12 that the API's document uses. */
export interface JsonSchema {
	$ref?: string;
	type?: string;
	description?: string;
	anyOf?: JsonSchema[];
	items?: JsonSchema;
	properties?: Record<string, JsonSchema>;
	required?: string[];
	enum?: unknown[];
	const?: unknown;
	default?: unknown;
	format?: string;
	pattern?: string;
	minimum?: number;
	maximum?: number;
	minLength?: number;
	maxLength?: number;
	minItems?: number;
	maxItems?: number;
}

/** A row of a table of members or parameters. */
export interface Member {
	name: string;
	schema: JsonSchema;
	isRequired: boolean;
	description?: string | undefined;
	/** Where a parameter is sent: in the path, the query or a header. */
	in?: string;
}

/** Renders the members of a schema with their types as a table, or one sentence if it has none. */
export function schemaTable(schema: JsonSchema): Html {
	const target = schema.anyOf?.find((one) => one.type !== "null") ?? schema;
	if (target.$ref || !target.properties) return html`<p>${typeOf(target)}</p>`;
	return memberTable(membersOf(target, ""));
}

/** Renders members or parameters as a table that scrolls by itself where it is too wide. */
export function memberTable(members: Member[]): Html {
	return html`<div class="scroll" tabindex="0" role="group" aria-label="Members"><table class="dense">
<thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead>
<tbody>${members.map(
		({ name, schema, isRequired, description, in: place }) =>
			html`<tr><th scope="row"><code>${name}</code>${isRequired ? "" : html`<br><small>optional</small>`}</th><td>${typeOf(schema)}${place ? html`<br><small>in ${place === "path" || place === "query" ? "the " : "a "}${place}</small>` : ""}</td><td>${codeInText(description ?? schema.description ?? "")}</td></tr>`,
	)}</tbody>
</table></div>`;
}

/** Lists members of members after their parents, as `header.version` or `issues[].path`. */
function membersOf(schema: JsonSchema, prefix: string): Member[] {
	return Object.entries(schema.properties ?? {}).flatMap(([key, member]) => {
		const name = prefix + key;
		const isRequired = schema.required?.includes(key) ?? false;
		const inner = member.type === "array" ? (member.items ?? {}) : member;
		const behind = member.type === "array" ? `${name}[].` : `${name}.`;
		return [
			{ name, schema: member, isRequired },
			...(inner.properties ? membersOf(inner, behind) : []),
		];
	});
}

/** Renders a schema's type in words, with its limits; a named schema becomes a link to its table. */
function typeOf(schema: JsonSchema): Html {
	if (schema.$ref) {
		const name = schema.$ref.replace(/.*\//, "");
		return html`<a href="#schema-${name}">${name}</a>`;
	}
	if (schema.anyOf) {
		const parts = schema.anyOf.map(typeOf);
		return html`${parts.map((part, index) => (index === 0 ? part : html` or ${part}`))}${limits(schema)}`;
	}
	if (schema.type === "array") {
		return html`list${limits(schema)} of ${typeOf(schema.items ?? {})}`;
	}
	if (schema.enum || schema.const !== undefined) {
		const values = schema.enum ?? [schema.const];
		return html`${values.map((value, index) => html`${index === 0 ? "" : ", "}<code>${String(value)}</code>`)}${limits(schema)}`;
	}
	return html`${schema.format ?? schema.type ?? "anything"}${limits(schema)}`;
}

function limits(schema: JsonSchema): string {
	const said = [
		range("characters", schema.minLength, schema.maxLength),
		range("entries", schema.minItems, schema.maxItems),
		range("", schema.minimum, schema.maximum),
		schema.default === undefined
			? undefined
			: `default ${JSON.stringify(schema.default)}`,
	].filter(Boolean);
	return said.length > 0 ? ` (${said.join("; ")})` : "";
}

function range(
	unit: string,
	least: number | undefined,
	most: number | undefined,
): string | undefined {
	// The range of JavaScript's safe integers is not a limit worth showing.
	const top = most === Number.MAX_SAFE_INTEGER ? undefined : most;
	const bottom = least === Number.MIN_SAFE_INTEGER ? undefined : least;
	const words = unit && ` ${unit}`;
	if (bottom !== undefined && top !== undefined)
		return `${bottom} to ${top}${words}`;
	if (top !== undefined) return `up to ${top}${words}`;
	return bottom === undefined ? undefined : `from ${bottom}${words}`;
}
