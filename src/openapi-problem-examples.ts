import { STATUS_CODES } from "node:http";
import type { Issue } from "./errors.ts";
import { problemDetails, publicError } from "./public-error.ts";
import { appRouter } from "./router.ts";

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

/**
 * An example of what a caller gets with this status.
 *
 * @param operation what was asked; without it any may have been
 */
export function exampleProblem(
	status: string,
	operation?: { procedure: string; path: string },
) {
	const { procedure, path } = operation ?? { path: "/api/v1/reports" };
	if (procedure !== undefined && status === "400") {
		return invalidInputExample(
			procedure,
			path.replace("{id}", invalidInput.id),
		);
	}
	return {
		type: "about:blank",
		title: STATUS_CODES[status] ?? "",
		status: Number(status),
		instance: path.replace("{id}", EXAMPLE_ID),
		request_id: EXAMPLE_REQUEST_ID,
		...(examples[`${procedure} ${status}`] ?? examples[status]),
	};
}

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
