import { TRPCError } from "@trpc/server";

/** One problem in an input: where it is, and what it is. */
export interface Issue {
	/** Dotted path into the input, such as `repository_url`; empty for the input as a whole. */
	path: string;
	message: string;
}

/**
 * Creates the cause of an error whose message quotes text that somebody wrote: the audit log, from
 * which nothing can be removed, stores words of ours instead.
 *
 * @param recorded what the audit log stores
 * @param detail what the answer says
 * @param members facts for programs, shown beside the detail
 */
export function recordedAs(
	recorded: string,
	detail: string,
	members: Record<string, unknown> = {},
): Error {
	return Object.assign(new Error(detail), { ...members, recorded });
}

/**
 * Returns what the audit log stores of an error: its message, unless that quotes somebody's text.
 */
export function recordedWords({ message, cause }: TRPCError): string {
	const { recorded } = (cause ?? {}) as { recorded?: string };
	return recorded ?? message;
}

/** Returns a 422 with all its issues, in the form of an input that does not parse. */
export function issuesError(detail: string, issues: Issue[]): TRPCError {
	return new TRPCError({
		code: "UNPROCESSABLE_CONTENT",
		message: detail,
		cause: Object.assign(new Error(detail), { issues }),
	});
}

/**
 * Returns a 409: the request contradicts the current state.
 *
 * @param detail what prevents it and what to do about it
 * @param members facts for programs, shown beside the detail
 * @param recorded what the audit log stores, where the detail quotes text that somebody wrote
 */
export function conflict(
	detail: string,
	members: Record<string, string> = {},
	recorded = detail,
): TRPCError {
	return new TRPCError({
		code: "CONFLICT",
		message: detail,
		cause: recordedAs(recorded, detail, { members }),
	});
}

/**
 * Returns a 400: an input has unknown members, which may be misspelled.
 *
 * @param known the names that exist
 */
function unknownParameters(names: string[], known: readonly string[]) {
	const shown = names.slice(0, MAX_NAMED).map((name) => name.slice(0, 100));
	const detail = `Unknown ${shown.length === 1 ? "parameter" : "parameters"} ${shown.join(", ")}.`;
	const rest =
		known.length === 0 ? "There are none here." : `Known: ${known.join(", ")}.`;
	const issues: Issue[] = shown.map((path) => ({
		path,
		message: `Unknown parameter. ${rest}`,
	}));
	return new TRPCError({
		code: "BAD_REQUEST",
		message: `${detail} ${rest}`,
		cause: Object.assign(new Error(detail), { issues }),
	});
}

/** Maximum number of unknown names listed. */
const MAX_NAMED = 10;

/**
 * Refuses an object with members of other names; values that are not objects are left to their
 * schema.
 *
 * @throws TRPCError BAD_REQUEST
 */
export function refuseUnknown(input: unknown, known: readonly string[]): void {
	if (typeof input !== "object" || input === null || Array.isArray(input))
		return;
	const unknown = Object.keys(input).filter((name) => !known.includes(name));
	if (unknown.length > 0) throw unknownParameters(unknown, known);
}

/** Returns a 429: too many requests. */
export function tooManyRequests(
	detail: string,
	/** Seconds until the next request is allowed. */
	retryAfter: number,
): TRPCError {
	return new TRPCError({
		code: "TOO_MANY_REQUESTS",
		message: detail,
		cause: Object.assign(new Error(detail), { retryAfter }),
	});
}

/** Returns a 503 for load shedding: answering would make it worse for everybody. */
export function overloaded(): TRPCError {
	return unavailable(
		"The service is overloaded at the moment. Nothing was done; try again in a few seconds.",
	);
}

/** The message for bytes that are not JSON. */
export const INVALID_JSON =
	"The request body is not valid JSON. Check quotes, commas and escapes.";

/** Returns a 503 of our own, with what to do about it. */
export function unavailable(detail: string): TRPCError {
	return new TRPCError({
		code: "SERVICE_UNAVAILABLE",
		message: detail,
		cause: Object.assign(new Error(detail), {
			retryAfter: 5,
			isDeliberate: true,
		}),
	});
}

/** Returns a 415 for a compressed body. */
export function compressedBody(): TRPCError {
	return new TRPCError({
		code: "UNSUPPORTED_MEDIA_TYPE",
		message:
			"Compressed request bodies are not accepted. Send the body uncompressed, without the header Content-Encoding.",
	});
}

/** Returns a 406, for which tRPC has no code: the client accepts none of the answer's types. */
export function notAcceptable(types: string[]): TRPCError {
	const detail = `The answer is ${types.join(" or ")}, which the header Accept does not allow. Name it there, or omit the header.`;
	return new TRPCError({
		code: "BAD_REQUEST",
		message: detail,
		cause: Object.assign(new Error(detail), { status: 406 }),
	});
}

/** Returns a 414, for which tRPC has no code. */
export function urlTooLong(): TRPCError {
	return new TRPCError({
		code: "BAD_REQUEST",
		message: URL_TOO_LONG,
		cause: Object.assign(new Error(URL_TOO_LONG), { status: 414 }),
	});
}

/** The message of a 414. */
export const URL_TOO_LONG =
	"The URL is too long. Send long values in the body of a request.";
