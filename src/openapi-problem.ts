import { STATUS_CODES } from "node:http";
import type { Issue } from "./errors.ts";
import { problemDetails, publicError } from "./public-error.ts";
import { appRouter } from "./router.ts";

/** The one schema of everything that goes wrong (RFC 9457). */
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
			description: "The path that was asked for.",
		},
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

/** Stands in every answer. */
export const requestIdHeader = {
	description: "The id under which this request stands in the log.",
	required: true,
	schema: { type: "string" as const },
};

const retryAfterHeader = {
	description: "Seconds after which trying again makes sense.",
	required: true,
	schema: { type: "integer" as const },
};

/** Stand in every answer to a request that is counted. */
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

/** A response of an operation that fails with this status, with an example of its own. */
export function problemResponse(
	status: string,
	description: string,
	operation: { procedure: string; path: string },
) {
	const pathOf = (id: string) => operation.path.replace("{id}", id);
	const example =
		status === "400"
			? invalidInputExample(operation.procedure, pathOf(invalidInput.id))
			: exampleProblem(
					status,
					pathOf(EXAMPLE_ID),
					examples[`${operation.procedure} ${status}`],
				);
	return response(status, description, example);
}

/** The failures that any operation may meet, as components by status. */
export function commonResponses() {
	const descriptions = {
		401: "Nobody is signed in, or the token proves nothing: unknown, expired, revoked, for another audience or of another issuer.",
		403: "The caller lacks the permission, or the request is addressed to a host name, or comes from an origin, that is not allowed.",
		408: "The request did not arrive in time.",
		413: "The request body is too large.",
		414: "The URL is too long.",
		415: "The request body is not JSON.",
		429: "There were more requests than the limit allows; `Retry-After` says when the next one is let through.",
		431: "The request's headers are too large.",
		500: "Something failed that should not; the log knows more under the request id.",
		503: "The database does not answer, or the service is overloaded; `Retry-After` says when to try again.",
	};
	return Object.fromEntries(
		Object.entries(descriptions).map(([status, description]) => [
			status,
			response(status, description, exampleProblem(status, "/api/v1/reports")),
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

const EXAMPLE_ID = "550e8400-e29b-41d4-a716-446655440000";
const EXAMPLE_REQUEST_ID = "req-0190f3c2";

/** Wrong for every procedure. */
const invalidInput = {
	id: "abc-123",
	status: "done",
	risk_level: "none",
	limit: "0",
	days: "0",
	owner: "nobody",
};

/** What the service really says to an input with nothing right in it. */
function invalidInputExample(procedure: string, path: string) {
	const { inputs } = (
		appRouter._def.procedures as unknown as Record<
			string,
			{ _def: { inputs: { safeParse(input: unknown): { error?: unknown } }[] } }
		>
	)[procedure]?._def ?? { inputs: [] };
	const { error } = inputs[0]?.safeParse(invalidInput) ?? {};
	return problemDetails(publicError(error), {
		url: path,
		id: EXAMPLE_REQUEST_ID,
	});
}

function exampleProblem(
	status: string,
	instance: string,
	said = examples[status],
) {
	return {
		type: "about:blank",
		title: STATUS_CODES[status] ?? "",
		status: Number(status),
		instance,
		request_id: EXAMPLE_REQUEST_ID,
		...said,
	};
}

interface ExampleError {
	code: string;
	detail: string;
	existing_report_id?: string;
	issues?: Issue[];
}

/** By status, and by procedure where one has words of its own. */
const examples: Record<string, ExampleError> = {
	401: {
		code: "UNAUTHORIZED",
		detail: "The token has expired. Sign in again.",
	},
	403: {
		code: "FORBIDDEN",
		detail:
			"This service does not answer to the host name in the request. The operator can name it in ALLOWED_HOSTS.",
	},
	404: {
		code: "NOT_FOUND",
		detail: `There is no report with the id ${EXAMPLE_ID}. List the reports to find the right one.`,
	},
	"reports.submit 409": {
		code: "CONFLICT",
		detail: `This repository already has a live report: ${EXAMPLE_ID} (revision 1) is pending_review. Wait for its review, or ask the platform team to reject it so that you can submit a new revision.`,
		existing_report_id: EXAMPLE_ID,
	},
	409: {
		code: "CONFLICT",
		detail: `Report ${EXAMPLE_ID} is approved: platform@example.com decided at 2025-10-20T12:30:00Z. To decide anew, reopen it first by setting pending_review.`,
	},
	413: {
		code: "PAYLOAD_TOO_LARGE",
		detail:
			"The request body is too large. A report may hold up to 1 MiB of UTF-8 text.",
	},
	408: {
		code: "TIMEOUT",
		detail: "The request did not arrive in time. Send it again, whole.",
	},
	414: {
		code: "BAD_REQUEST",
		detail: "The URL is too long. Send long values in the body of a request.",
	},
	429: {
		code: "TOO_MANY_REQUESTS",
		detail:
			"This address has sent more than 1200 requests within a minute. Try again in 37 seconds.",
	},
	415: {
		code: "UNSUPPORTED_MEDIA_TYPE",
		detail:
			"Send the body as JSON, with the header Content-Type: application/json.",
	},
	422: {
		code: "UNPROCESSABLE_CONTENT",
		detail:
			"This service takes only complete reports, and the assessment finds 1 error in this one. check-missing: SEC-6 Tool descriptions is not answered.",
		issues: [
			{
				path: "report_data",
				message: "check-missing: SEC-6 Tool descriptions is not answered.",
			},
		],
	},
	431: {
		code: "BAD_REQUEST",
		detail: "The request's headers are too large.",
	},
	500: {
		code: "INTERNAL_SERVER_ERROR",
		detail: "Internal server error",
	},
	503: {
		code: "SERVICE_UNAVAILABLE",
		detail:
			"The database does not answer at the moment. Nothing was acknowledged; try again in a few seconds.",
	},
};
