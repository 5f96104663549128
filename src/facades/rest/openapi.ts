import { generateOpenApiDocument, type OpenAPIObject } from "trpc-to-openapi";
import type { Assessment } from "../../checklist/assessment-schema.ts";
import { version } from "../../core/version.ts";
import { type Permission, roles } from "../../core/words.ts";
import { assess } from "../../features/assessments/assess.ts";
import { permissionsOf } from "../../identity/identity.ts";
import { appRouter } from "../../router.ts";
import {
	commonResponses,
	problemResponse,
	problemSchema,
	rateLimitHeaders,
	requestIdHeader,
} from "./openapi-problem.ts";
import { type RestOperation, restOperations } from "./rest.ts";

type PathItem = NonNullable<OpenAPIObject["paths"]>[string];
type Operation = NonNullable<PathItem["get"]>;
type Parameter = NonNullable<Operation["parameters"]>[number];
type Responses = NonNullable<Operation["responses"]>;
type Schema = {
	$ref?: string;
	type?: "null";
	description?: string;
	anyOf?: Schema[];
	items?: Schema;
	examples?: unknown[];
	properties?: Record<string, Schema>;
};

const tags = [
	{
		name: "Reports",
		description:
			"Go-live reports: submitted by developers, decided by the platform team.",
	},
	{
		name: "Servers",
		description:
			"MCP servers: one per repository, with the state that results from its reports.",
	},
	{
		name: "Checklist",
		description:
			"The six phases with their checks, and the rules by which reports are assessed.",
	},
	{
		name: "Analytics",
		description:
			"How many reports there are, by status and by risk, and how reviewing is going.",
	},
	{
		name: "Access tokens",
		description: "For CI, and for clients that cannot sign in.",
	},
	{
		name: "Sessions",
		description:
			"Where people are signed in to the pages, and how to end it: one session, all of one's own, or all of somebody's.",
	},
	{
		name: "Audit log",
		description: "Who did what, and that nobody changed the record afterwards.",
	},
	{
		name: "Health",
		description: "For load balancers and orchestrators.",
	},
];

/**
 * Returns the OpenAPI 3.1 document of the REST façade: trpc-to-openapi's
 * generator writes it from the router, and this adds what the generator does
 * not know (real statuses, one error schema, headers, examples).
 */
export function openApiDocument(): OpenAPIObject {
	const document = generateOpenApiDocument(appRouter, {
		title: "MCP Go-Live",
		description:
			"The gate every MCP server passes before it runs in production: developers submit go-live reports, the platform team reviews them.\n\nErrors are RFC 9457 problem details, in one shape everywhere.",
		version,
		baseUrl: "/",
		contact: { name: "The MCP Go-Live authors" },
		license: { name: "MIT", identifier: "MIT" },
		securitySchemes: { bearer },
	});
	// Problem replaces the generator's own error schemas.
	const schemas = Object.fromEntries(
		Object.entries(document.components?.schemas ?? {}).filter(
			([name]) => !name.startsWith("error."),
		),
	);
	if (schemas.Assessment) {
		(schemas.Assessment as Schema).examples = [exampleAssessment()];
	}
	document.tags = tags;
	document.security = [];
	document.components = {
		securitySchemes: { bearer },
		schemas: { ...schemas, Problem: problemSchema },
		responses: commonResponses(),
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
	{ procedure, openapi, rest, access }: RestOperation,
	schemas: Record<string, Schema>,
): void {
	target.parameters = (target.parameters ?? []).map(describeParameter);
	const content = target.responses?.["200"]?.content?.["application/json"];
	const body = target.requestBody as
		| { content: Record<string, { schema: Schema; example?: unknown }> }
		| undefined;
	const media = body?.content["application/json"];
	if (media) media.example = exampleOf(media.schema, schemas);
	if (rest.ifMatch && media) {
		target.parameters.push(takeIfMatch(media.schema));
	}

	const responses: Responses = {};
	responses[rest.success] = {
		description: rest.success === 201 ? "Created." : "Success.",
		headers: {
			...successHeaders(rest),
			// The operator's endpoints are not limited.
			...(openapi.path.startsWith("/api/") && rateLimitHeaders),
		},
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
			headers: { "X-Request-Id": requestIdHeader, ETag: etagHeader },
		};
		target.parameters.push(ifNoneMatch);
	}
	// Stated for each: the generator assumes that every operation needs a signed-in caller.
	target.security = access ? [{ bearer: [] }, {}] : [];
	if (access) {
		target.description = `${target.description}\n\n${describeAccess(access)}`;
	}
	const common = [
		...(access ? ["400", "401", "403", "429", "503"] : []),
		...(openapi.method === "GET" ? [] : ["413", "415"]),
		"408",
		"414",
		"431",
		"500",
	];
	for (const status of common) {
		responses[status] = { $ref: `#/components/responses/${status}` };
	}
	for (const [status, description] of Object.entries(rest.errors)) {
		responses[status] = problemResponse(
			status,
			description,
			{ procedure, path: openapi.path },
			common.includes(status),
		);
	}
	// Number-like keys of an object are already in ascending order: 200, 304, 400 …
	target.responses = responses;
}

/** How callers authenticate where the service runs with AUTH=oidc. */
const bearer = {
	type: "http" as const,
	scheme: "bearer",
	description:
		"An access token of the organisation's identity provider, or one of the service's own. Where the service runs without authentication (AUTH=none), none is needed.",
};

function describeAccess(access: Permission): string {
	const holders = roles
		.filter((role) => permissionsOf[role].includes(access))
		.map((role) => `\`${role}\``);
	return `Where people sign in: requires the permission \`${access}\`, which the roles ${holders.join(", ")} have.`;
}

/** Moves a query parameter's description out of its schema, where the generator leaves it and few tools look. */
function describeParameter(parameter: Parameter): Parameter {
	const { schema } = parameter as { schema?: Schema };
	if (!schema) return parameter;
	const { description } = schema;
	return {
		...(description && { description }),
		...parameter,
		schema: withoutNull(schema),
	} as Parameter;
}

/** Returns a parameter's schema without null: a parameter is text or absent. */
function withoutNull(schema: Schema): Schema {
	const { anyOf = [], ...rest } = schema;
	const [only, ...more] = anyOf.filter(({ type }) => type !== "null");
	return only && more.length === 0 ? { ...only, ...rest } : schema;
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
		"X-Request-Id": requestIdHeader,
		...(rest.success === 201 && {
			Location: {
				description: "Path of what was created.",
				required: true,
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
	description:
		"Identifies this version of the answer; send it back in If-None-Match.",
	required: true,
	schema: { type: "string" as const },
};

/** Removes a body member that is a header where there are headers. */
function takeIfMatch({ properties = {} }: Schema) {
	const { if_match } = properties;
	if (!if_match) throw new Error("the procedure's input has no if_match");
	delete properties.if_match;
	const { description, ...schema } = withoutNull(if_match);
	return {
		name: "If-Match",
		in: "header" as const,
		...(description && { description }),
		schema,
	};
}

const ifNoneMatch = {
	name: "If-None-Match",
	in: "header" as const,
	description: "ETags the client has; if one is current, the answer is 304.",
	schema: { type: "string" as const },
};

/** Returns a real assessment, shortened to fit into documentation. */
function exampleAssessment(): Assessment {
	const report_data = "# Go-Live Report\n\n## Phase 1: Security\n";
	const assessment = assess({ report_data });
	const [phase] = assessment.phases;
	return {
		...assessment,
		phases: phase ? [{ ...phase, checks: phase.checks.slice(0, 1) }] : [],
		findings: assessment.findings.slice(0, 2),
	};
}
