import { html } from "hono/html";
import { codeInText, paragraphs } from "../components/code-in-text.ts";
import {
	type JsonSchema,
	memberTable,
	schemaTable,
} from "../components/schema-table.ts";
import type { Html } from "../page.ts";

interface Media {
	schema?: JsonSchema;
	example?: unknown;
}

interface Response {
	$ref?: string;
	description?: string;
	content?: Record<string, Media>;
}

interface Operation {
	operationId: string;
	summary: string;
	description: string;
	tags: string[];
	security?: object[];
	parameters?: {
		name: string;
		in: string;
		required?: boolean;
		description?: string;
		schema: JsonSchema;
	}[];
	requestBody?: { content: Record<string, Media> };
	responses: Record<string, Response>;
}

/** The parts of an OpenAPI 3.1 document that the reference shows. */
export interface OpenApiDocument {
	info: { version: string; description: string };
	tags: { name: string; description: string }[];
	paths: Record<string, Record<string, Operation>>;
	components: {
		schemas: Record<string, JsonSchema>;
		responses: Record<string, Response>;
		securitySchemes: Record<string, { description?: string }>;
	};
}

/**
 * Renders the reference of the REST API: every operation and schema of its
 * document, as one HTML document that needs no script.
 *
 * @param assets addresses of the static files
 * @param baseUrl where the service is reached, for the examples
 */
export function referencePage(
	document: OpenApiDocument,
	assets: Record<string, string>,
	baseUrl: string,
): Html {
	const { info, tags, paths, components } = document;
	const operations = Object.entries(paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => ({
			...operation,
			method: method.toUpperCase(),
			path,
		})),
	);
	const ofTag = (name: string) =>
		operations.filter((operation) => operation.tags.includes(name));
	return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>API reference · MCP Go-Live</title>
<link rel="icon" type="image/svg+xml" href="${assets["icon-idle.svg"]}">
<link rel="stylesheet" href="${assets["pico.min.css"]}">
<link rel="stylesheet" href="${assets["desk.css"]}">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="bar">
<a class="brand" href="/">MCP Go-Live</a>
<nav aria-label="Main"><ul><li><a href="/">Back to the desk</a></li><li><a href="/openapi.json">OpenAPI document</a></li></ul></nav>
</header>
<main id="main" tabindex="-1" class="reference">
<h1>API reference <small>version ${info.version}</small></h1>
${paragraphs(info.description)}
${Object.values(components.securitySchemes).map(({ description }) => paragraphs(description ?? ""))}
<nav aria-label="On this page" class="card">
${tags.map(
	({ name }) =>
		html`<h2>${name}</h2><ul class="tools">${ofTag(name).map(
			({ operationId, method, summary }) =>
				html`<li><a href="#${operationId}"><code>${method}</code> ${summary}</a></li>`,
		)}</ul>`,
)}
<h2>Schemas</h2><ul class="tools">${Object.keys(components.schemas).map((name) => html`<li><a href="#schema-${name}">${name}</a></li>`)}</ul>
</nav>
${tags.map(
	({ name, description }) => html`<h2>${name}</h2>
${paragraphs(description)}
${ofTag(name).map((operation) => operationEntry(operation, components.responses, baseUrl))}`,
)}
<h2>Schemas</h2>
${Object.entries(components.schemas).map(
	([
		name,
		schema,
	]) => html`<section class="card" id="schema-${name}" aria-labelledby="schema-${name}-title">
<h3 id="schema-${name}-title">${name}</h3>
${paragraphs(schema.description ?? "")}
${schemaTable(schema)}
</section>`,
)}
</main>
</body>
</html>`;
}

type NamedOperation = Operation & { method: string; path: string };

function operationEntry(
	operation: NamedOperation,
	shared: Record<string, Response>,
	baseUrl: string,
): Html {
	const { operationId, method, path, summary, description } = operation;
	const { parameters = [], requestBody, responses } = operation;
	const body = requestBody?.content["application/json"];
	return html`<section class="card" id="${operationId}" aria-labelledby="${operationId}-title">
<h3 id="${operationId}-title">${summary}</h3>
<p><code>${method} ${path}</code></p>
${paragraphs(description)}
${
	parameters.length > 0
		? html`<h4>Parameters</h4>${memberTable(
				parameters.map(({ required = false, ...parameter }) => ({
					...parameter,
					isRequired: required,
				})),
			)}`
		: ""
}
${body?.schema ? html`<h4>Request body</h4>${schemaTable(body.schema)}` : ""}
<h4>Example</h4>
${block(curl(operation, body?.example, baseUrl))}
<h4>Answers</h4>
<dl class="answers">${Object.entries(responses).map(([status, response]) =>
		answer(
			status,
			response.$ref
				? (shared[response.$ref.replace(/.*\//, "")] ?? response)
				: response,
		),
	)}</dl>
</section>`;
}

function answer(status: string, { description = "", content }: Response): Html {
	const [media] = Object.values(content ?? {});
	const { schema, example } = media ?? {};
	const target = schema?.type === "array" ? schema.items : schema;
	return html`<div><dt>${status}</dt><dd><p>${codeInText(description)}</p>${
		target?.$ref
			? html`<p>${schema?.type === "array" ? "A list of " : ""}<a href="${target.$ref.replace(/.*\//, "#schema-")}">${target.$ref.replace(/.*\//, "")}</a></p>`
			: ""
	}${
		example === undefined
			? ""
			: html`<details><summary>Example of a ${status}</summary>${block(JSON.stringify(example, null, 2))}</details>`
	}</dd></div>`;
}

/** Returns a curl command for an operation, with the values of the document's examples. */
function curl(
	{ method, path, parameters = [], security = [] }: NamedOperation,
	body: unknown,
	baseUrl: string,
): string {
	const url = parameters
		.filter((parameter) => parameter.in === "path")
		.reduce(
			(whole, { name }) => whole.replace(`{${name}}`, `$${name.toUpperCase()}`),
			`${baseUrl}${path}`,
		);
	const lines = [
		method === "GET" ? `curl "${url}"` : `curl -X ${method} "${url}"`,
		...(security.length > 0
			? ['-H "Authorization: Bearer $ACCESS_TOKEN"']
			: []),
		...(body === undefined
			? []
			: [
					'-H "Content-Type: application/json"',
					// Within single quotes, only the quote itself means anything to a shell.
					`-d '${JSON.stringify(body, null, 2).replaceAll("'", "'\\''")}'`,
				]),
	];
	return lines.join(" \\\n  ");
}

function block(text: string): Html {
	return html`<pre tabindex="0"><code>${text}</code></pre>`;
}
