import { generateOpenApiDocument, type OpenAPIObject } from "trpc-to-openapi";
import { type RestOperation, restOperations } from "./rest.ts";
import { appRouter } from "./router.ts";
import { version } from "./version.ts";

type PathItem = NonNullable<OpenAPIObject["paths"]>[string];
type Operation = NonNullable<PathItem["get"]>;
type Responses = NonNullable<Operation["responses"]>;
type Schema = { $ref?: string; items?: Schema; examples?: unknown[] };

const tags = [
	{
		name: "Reports",
		description:
			"Go-live reports: submitted by developers, decided by the platform team.",
	},
	{
		name: "Servers",
		description:
			"MCP servers: one per repository, with all that its reports make of it.",
	},
	{
		name: "Checklist",
		description:
			"The six phases with their checks, and the rules by which reports are assessed.",
	},
	{
		name: "Analytics",
		description: "How many reports there are, by status and by risk.",
	},
	{
		name: "Health",
		description: "For load balancers and orchestrators.",
	},
];

/**
 * The OpenAPI 3.1 document of the REST façade: trpc-to-openapi's generator
 * writes it from the router, and this completes what the generator does not
 * know (real statuses, one error schema, headers, examples).
 *
 * @param serverUrl where the service is reached; `/` means "where this document came from"
 */
export function openApiDocument(serverUrl = "/"): OpenAPIObject {
	const document = generateOpenApiDocument(appRouter, {
		title: "MCP Go-Live",
		description:
			"The gate every MCP server passes before it runs in production: developers submit go-live reports, the platform team reviews them.\n\nErrors are RFC 9457 problem details, in one shape everywhere.",
		version,
		baseUrl: serverUrl,
		contact: { name: "The MCP Go-Live authors" },
		license: { name: "MIT", identifier: "MIT" },
		securitySchemes: {},
	});
	// The generator's own error schemas give way to Problem.
	const schemas = Object.fromEntries(
		Object.entries(document.components?.schemas ?? {}).filter(
			([name]) => !name.startsWith("error."),
		),
	);
	document.tags = tags;
	// There is no authentication yet, and the document says so.
	document.security = [];
	document.components = {
		schemas: { ...schemas, Problem: problemSchema },
		responses: commonResponses,
	};
	for (const operation of restOperations) {
		const { method, path } = operation.openapi;
		const key = method.toLowerCase() as "get" | "post" | "patch";
		const target = document.paths?.[path]?.[key];
		if (target) complete(target, operation, schemas as Record<string, Schema>);
	}
	return document;
}

function complete(
	target: Operation,
	{ openapi, rest }: RestOperation,
	schemas: Record<string, Schema>,
): void {
	const content = target.responses?.["200"]?.content?.["application/json"];
	const body = target.requestBody as
		| { content: Record<string, { schema: Schema; example?: unknown }> }
		| undefined;
	const media = body?.content["application/json"];
	if (media) media.example = exampleOf(media.schema, schemas);

	const responses: Responses = {};
	responses[rest.success] = {
		description: rest.success === 201 ? "Created." : "Success.",
		headers: successHeaders(rest),
		content: {
			"application/json": {
				...content,
				example: exampleOf(content?.schema as Schema, schemas),
			},
		},
	};
	if (rest.etag) {
		responses[304] = {
			description: "The client's copy, named in If-None-Match, is current.",
			headers: { ETag: etagHeader },
		};
		target.parameters = [...(target.parameters ?? []), ifNoneMatch];
	}
	const isProbe = !openapi.path.startsWith("/api/");
	const common = [
		...(isProbe ? [] : ["403", "503"]),
		...(media ? ["413", "415"] : []),
		"431",
		"500",
	];
	for (const status of common) {
		responses[status] = { $ref: `#/components/responses/${status}` };
	}
	for (const [status, description] of Object.entries(rest.errors)) {
		responses[status] = { description, content: problemContent(status) };
	}
	// Objects with number-like keys are in ascending order already: 200, 304, 400 …
	target.responses = responses;
}

function exampleOf(
	schema: Schema | undefined,
	schemas: Record<string, Schema>,
): unknown {
	const resolved = schema?.$ref
		? schemas[schema.$ref.split("/").at(-1) ?? ""]
		: schema;
	if (resolved?.items) return [exampleOf(resolved.items, schemas)];
	return resolved?.examples?.[0];
}

function successHeaders(rest: RestOperation["rest"]) {
	return {
		"X-Request-Id": {
			description: "The id under which this request stands in the log.",
			schema: { type: "string" as const },
		},
		...(rest.success === 201 && {
			Location: {
				description: "Path of what was created.",
				schema: { type: "string" as const, format: "uri-reference" },
			},
		}),
		...(rest.etag && { ETag: etagHeader }),
		...(rest.pageSize && {
			Link: {
				description:
					'When the page is full: the next one, as `<…>; rel="next"` (RFC 8288).',
				schema: { type: "string" as const },
			},
		}),
	};
}

const etagHeader = {
	description: "Names this very answer; send it back in If-None-Match.",
	schema: { type: "string" as const },
};

const ifNoneMatch = {
	name: "If-None-Match",
	in: "header" as const,
	description: "ETags the client has; if one is current, the answer is 304.",
	schema: { type: "string" as const },
};

const problemSchema = {
	type: "object" as const,
	description: "What went wrong and what to do about it (RFC 9457).",
	properties: {
		type: { type: "string" as const, format: "uri-reference" },
		title: { type: "string" as const },
		status: { type: "integer" as const },
		detail: { type: "string" as const },
		instance: { type: "string" as const, format: "uri-reference" },
		code: {
			type: "string" as const,
			description: "The error's name for programs, as in tRPC.",
		},
		request_id: {
			type: "string" as const,
			description: "The id under which this request stands in the log.",
		},
		issues: {
			type: "array" as const,
			description: "Everything that is wrong with the input.",
			items: {
				type: "object" as const,
				properties: {
					path: { type: "string" as const },
					message: { type: "string" as const },
				},
				required: ["path", "message"],
			},
		},
		existing_report_id: {
			type: "string" as const,
			format: "uuid",
			description: "The live report that stands in the way of this one.",
		},
	},
	required: [
		"type",
		"title",
		"status",
		"detail",
		"instance",
		"code",
		"request_id",
	],
};

const examples: Record<
	string,
	{ title: string; code: string; detail: string }
> = {
	400: {
		title: "Bad Request",
		code: "BAD_REQUEST",
		detail: "The input is not valid. server_name: Is required.",
	},
	403: {
		title: "Forbidden",
		code: "FORBIDDEN",
		detail:
			"This service does not answer to the host name in the request. Name it in ALLOWED_HOSTS.",
	},
	404: {
		title: "Not Found",
		code: "NOT_FOUND",
		detail:
			"There is no report with the id 550e8400-e29b-41d4-a716-446655440000. List the reports to find the right one.",
	},
	409: {
		title: "Conflict",
		code: "CONFLICT",
		detail:
			"Report 550e8400-e29b-41d4-a716-446655440000 is approved: platform@example.com decided at 2025-10-20T12:30:00Z. To decide anew, reopen it first by setting pending_review.",
	},
	413: {
		title: "Payload Too Large",
		code: "PAYLOAD_TOO_LARGE",
		detail:
			"The request body is too large. A report may hold up to 1 MiB of UTF-8 text.",
	},
	415: {
		title: "Unsupported Media Type",
		code: "UNSUPPORTED_MEDIA_TYPE",
		detail:
			"Send the body as JSON, with the header Content-Type: application/json.",
	},
	422: {
		title: "Unprocessable Entity",
		code: "UNPROCESSABLE_CONTENT",
		detail:
			"This service takes only complete reports, and the assessment finds 1 error in this one. check-missing: SEC-6 Tool descriptions is not answered.",
	},
	431: {
		title: "Request Header Fields Too Large",
		code: "BAD_REQUEST",
		detail: "The request's headers are too large.",
	},
	500: {
		title: "Internal Server Error",
		code: "INTERNAL_SERVER_ERROR",
		detail: "Internal server error",
	},
	503: {
		title: "Service Unavailable",
		code: "SERVICE_UNAVAILABLE",
		detail:
			"The database does not answer at the moment. Nothing was acknowledged; try again in a few seconds.",
	},
};

function problemContent(status: string) {
	return {
		"application/problem+json": {
			schema: { $ref: "#/components/schemas/Problem" },
			example: {
				type: "about:blank",
				status: Number(status),
				instance: "/api/v1/reports",
				request_id: "req-0190f3c2",
				...examples[status],
			},
		},
	};
}

const commonResponses = Object.fromEntries(
	Object.entries({
		403: "The request is addressed to a host name, or comes from an origin, that is not allowed.",
		413: "The request body is too large.",
		415: "The request body is not JSON.",
		431: "The request's headers are too large.",
		500: "Something failed that should not; the log knows more under the request id.",
		503: "The database does not answer; `Retry-After` says when to try again.",
	}).map(([status, description]) => [
		status,
		{ description, content: problemContent(status) },
	]),
);
