import { STATUS_CODES } from "node:http";
import { TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";
import type { TRPC_ERROR_CODE_KEY } from "@trpc/server/rpc";
import type { FastifyBaseLogger } from "fastify";
import { z } from "zod";
import { factsOf, INVALID_JSON, type Issue, URL_TOO_LONG } from "./errors.ts";

/**
 * What the public may learn about an error. Every façade shows this and nothing else. `members` are
 * additional facts for programs, such as `existing_report_id`.
 */
export interface PublicError {
	code: TRPC_ERROR_CODE_KEY;
	/** HTTP status. */
	status: number;
	title: string;
	/** A sentence that says what is wrong and what to do. */
	detail: string;
	issues?: Issue[];
	members?: Record<string, string>;
	/** Whether the error was unexpected: it must be logged with its cause. */
	isUnexpected: boolean;
	/** Seconds after which a retry makes sense. */
	retryAfter?: number;
	/**
	 * The value of `WWW-Authenticate` for a 401 or 403 (RFC 6750, section 3); empty when no
	 * credentials were sent.
	 */
	challenge?: string;
}

/**
 * Turns any error into a public one.
 *
 * Only these have a meaning of their own: a `TRPCError` that we threw, an input that did not parse,
 * Fastify's own 4xx errors, and an unreachable database. Everything else is "Internal server
 * error".
 */
export function publicError(error: unknown): PublicError {
	const cause = error instanceof TRPCError ? error.cause : error;
	// An output that does not match its schema is our fault, not the caller's.
	const isOwnFault =
		error instanceof TRPCError && error.code === "INTERNAL_SERVER_ERROR";
	if (cause instanceof z.ZodError && !isOwnFault) return invalidInput(cause);
	if (isDatabaseOutOfReach(cause)) {
		return {
			...described(
				"SERVICE_UNAVAILABLE",
				"The database does not answer at the moment. Nothing was acknowledged; try again in a few seconds.",
			),
			retryAfter: 5,
		};
	}
	// tRPC's own message for a body that is not JSON quotes the body.
	if (error instanceof TRPCError && cause instanceof SyntaxError) {
		return described("BAD_REQUEST", INVALID_JSON);
	}
	if (error instanceof TRPCError && error.code !== "INTERNAL_SERVER_ERROR") {
		const { members, issues, challenge, retryAfter, status } = factsOf(error);
		return {
			...described(error.code, error.message, status),
			...(members && { members }),
			...(issues && { issues }),
			...(challenge !== undefined && { challenge }),
			...(retryAfter !== undefined && { retryAfter }),
		};
	}
	const ofFastify = fastifyError(error);
	if (ofFastify) return ofFastify;
	return {
		...described("INTERNAL_SERVER_ERROR", "Internal server error"),
		isUnexpected: true,
	};
}

/**
 * Returns the public form of an error, and logs what an operator must know about it: an unexpected
 * error with its cause, or what is out of reach.
 */
export function reportError(
	error: unknown,
	log: Pick<FastifyBaseLogger, "error" | "warn">,
): PublicError {
	const shown = publicError(error);
	const err = error instanceof TRPCError ? (error.cause ?? error) : error;
	if (shown.isUnexpected) log.error({ err }, "unexpected error");
	else if (shown.status === 503 && !isDeliberate(error)) {
		log.warn({ err }, "out of reach");
	}
	return shown;
}

/**
 * Returns whether we refused on purpose: load shedding is logged once by the code that decides it,
 * not for each request.
 */
function isDeliberate(error: unknown): boolean {
	return factsOf(error).isDeliberate === true;
}

/**
 * The HTTP headers of an answer that says this error: when to try again, and how
 * to sign in (RFC 6750, section 3).
 */
export function errorHeaders({
	retryAfter,
	challenge,
}: {
	retryAfter?: number | undefined;
	challenge?: string | undefined;
}): Record<string, string> {
	return {
		...(retryAfter && { "retry-after": String(retryAfter) }),
		...(challenge !== undefined && {
			"www-authenticate": ['Bearer realm="MCP Go-Live"', challenge]
				.filter(Boolean)
				.join(", "),
		}),
	};
}

/** Returns the RFC 9457 body of an error, with the tRPC code, the request id and all issues. */
export function problemDetails(
	error: PublicError,
	request: { url: string; id: string },
) {
	return {
		type: "about:blank",
		title: error.title,
		status: error.status,
		detail: error.detail,
		// The path alone identifies the occurrence: a query may contain anything, even secrets.
		instance: uriReference(request.url.split("?", 1)[0] ?? ""),
		code: error.code,
		request_id: request.id,
		...(error.issues && { issues: error.issues }),
		...error.members,
	};
}

/** Percent-encodes the characters of a path that a URI cannot contain, as in `/a%` (RFC 3986). */
function uriReference(path: string): string {
	return path.replaceAll(
		/%(?![0-9a-f]{2})|[^\w%:/@!$&'()*+,;=.~-]/gi,
		encodeURIComponent,
	);
}

function described(
	code: TRPC_ERROR_CODE_KEY,
	detail: string,
	status = getHTTPStatusCodeFromError(new TRPCError({ code })),
): PublicError {
	return {
		code,
		status,
		title: STATUS_CODES[status] ?? "Error",
		detail,
		isUnexpected: false,
	};
}

function invalidInput(error: z.ZodError): PublicError {
	const issues = error.issues.map((issue) => ({
		path: issue.path.join("."),
		message: issue.message,
	}));
	const sentences = issues.map(({ path, message }) =>
		path ? `${path}: ${message}` : message,
	);
	const isTooLarge = error.issues.some(
		(issue) => issue.code === "custom" && issue.params?.isTooLarge === true,
	);
	return {
		...described(
			isTooLarge ? "PAYLOAD_TOO_LARGE" : "BAD_REQUEST",
			`The input is not valid. ${sentences.join(" ")}`,
		),
		issues,
	};
}

/** Messages for the errors that Fastify raises before a procedure is reached. */
const fastifyErrors: Record<
	string,
	[code: TRPC_ERROR_CODE_KEY, detail: string, status?: number]
> = {
	FST_ERR_CTP_INVALID_MEDIA_TYPE: [
		"UNSUPPORTED_MEDIA_TYPE",
		"Send the body as JSON, with the header Content-Type: application/json.",
	],
	FST_ERR_BAD_URL: [
		"BAD_REQUEST",
		"The path is not a valid URL path. Check its percent-encoding.",
	],
	FST_ERR_MAX_PARAM_LENGTH: ["BAD_REQUEST", URL_TOO_LONG, 414],
};

function fastifyError(error: unknown): PublicError | undefined {
	if (!(error instanceof Error)) return;
	const { code = "", statusCode } = error as Error & {
		code?: string;
		statusCode?: number;
	};
	const known = fastifyErrors[code];
	if (known) return described(...known);
	if (code.startsWith("FST_") && statusCode && statusCode < 500) {
		return {
			...described("BAD_REQUEST", "The request could not be read."),
			status: statusCode,
			title: STATUS_CODES[statusCode] ?? "Error",
		};
	}
}

/** Node's and PostgreSQL's codes for an unreachable database (PostgreSQL manual, appendix A). */
const outOfReach = new Set([
	"ECONNREFUSED",
	"ECONNRESET",
	"ENOTFOUND",
	"ENOENT",
	"EPIPE",
	"ETIMEDOUT",
	"EHOSTUNREACH",
	"ENETUNREACH",
	"EAI_AGAIN",
	"25006", // read_only_sql_transaction: connected to a standby during a fail-over
	"53100", // disk_full
	"53200", // out_of_memory
	"53300", // too_many_connections
	"57014", // query_canceled: it took longer than our statement_timeout
	"57P01", // admin_shutdown
	"57P02", // crash_shutdown
	"57P03", // cannot_connect_now
]);

/** Messages of `pg` for a lost connection, which have no code. */
const outOfReachMessage =
	/^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Cannot use a pool after calling end)/;

function isDatabaseOutOfReach(error: unknown): boolean {
	if (!(error instanceof Error)) return false;
	const { code } = error as Error & { code?: unknown };
	if (typeof code === "string") {
		return outOfReach.has(code) || code.startsWith("08"); // class 08: connection exception
	}
	return outOfReachMessage.test(error.message);
}
