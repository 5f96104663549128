import { commonExample, exampleProblem } from "./openapi-problem-examples.ts";

/** The one schema of all errors (RFC 9457). */
export const problemSchema = {
	type: "object" as const,
	description: "What went wrong and what to do about it (RFC 9457).",
	properties: {
		type: { type: "string" as const, format: "uri-reference" },
		title: {
			type: "string" as const,
			description: "The HTTP status in words.",
		},
		status: { type: "integer" as const, description: "The HTTP status." },
		detail: {
			type: "string" as const,
			description: "What is wrong and what to do about it.",
		},
		instance: {
			type: "string" as const,
			format: "uri-reference",
			description: "The requested path.",
		},
		code: {
			type: "string" as const,
			description: "The error's name for programs, as in tRPC.",
		},
		request_id: {
			type: "string" as const,
			description: "The id of this request in the log.",
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
			description: "The live report that blocks this one.",
		},
		confirmation_url: {
			type: "string" as const,
			format: "uri",
			description:
				"Where the person confirms, in the browser, the approval requested with a token.",
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

/** Present in every answer. */
export const requestIdHeader = {
	description: "The id of this request in the log.",
	required: true,
	schema: { type: "string" as const },
};

const retryAfterHeader = {
	description: "Seconds to wait before trying again.",
	required: true,
	schema: { type: "integer" as const },
};

/** Present in every answer to a request that is counted. */
export const rateLimitHeaders = {
	RateLimit: {
		description:
			'What is left: `r` requests for `t` seconds, as in `"rest";r=1199;t=60`. Absent where the operator sets no limit.',
		schema: { type: "string" as const },
	},
	"RateLimit-Policy": {
		description:
			'The limit: `q` requests in `w` seconds, as in `"rest";q=1200;w=60`.',
		schema: { type: "string" as const },
	},
};

const authenticateHeader = {
	description: "How to sign in, and what was wrong (RFC 6750, section 3).",
	required: true,
	schema: { type: "string" as const },
};

/**
 * Returns the response of an operation that fails with this status, with its
 * own example.
 *
 * @param isCommon whether the operation may also fail in the way common to all
 */
export function problemResponse(
	status: string,
	description: string,
	operation: { procedure: string; path: string },
	isCommon: boolean,
) {
	const common = isCommon ? commonDescriptions[status] : undefined;
	return response(
		status,
		common
			? `${description} Or ${common.charAt(0).toLowerCase()}${common.slice(1)}`
			: description,
		exampleProblem(status, operation),
	);
}

/** The meaning of each failure that any operation may meet. */
const commonDescriptions: Record<string, string> = {
	400: "The request cannot be read, or has an unknown parameter.",
	401: "The caller is not signed in, or the token is not valid: unknown, expired, revoked, for another audience or from another issuer.",
	403: "The caller lacks the permission, or the request is addressed to a host name, or comes from an origin, that is not allowed.",
	408: "The request did not arrive in time.",
	413: "The request body is too large.",
	414: "The URL is too long.",
	415: "The request body is not JSON, or it is compressed.",
	429: "Too many requests; `Retry-After` says when the next one is accepted.",
	431: "The request's headers are too large.",
	500: "An unexpected error; the log has the details under the request id.",
	503: "The database does not answer, or the service is overloaded or busy; `Retry-After` says when to try again.",
};

/** Returns the failures that any operation may meet, as components by status. */
export function commonResponses() {
	return Object.fromEntries(
		Object.entries(commonDescriptions).map(([status, description]) => [
			status,
			response(status, description, commonExample(status)),
		]),
	);
}

function response(status: string, description: string, example: unknown) {
	return {
		description,
		headers: {
			"X-Request-Id": requestIdHeader,
			...(status === "429" && rateLimitHeaders),
			...((status === "429" || status === "503") && {
				"Retry-After": retryAfterHeader,
			}),
			...(status === "401" && { "WWW-Authenticate": authenticateHeader }),
		},
		content: {
			"application/problem+json": {
				schema: { $ref: "#/components/schemas/Problem" },
				example,
			},
		},
	};
}
