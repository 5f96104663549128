import { TRPCError } from "@trpc/server";

/** One thing wrong with an input: where, and what. */
export interface Issue {
	/** Dotted path into the input, such as `repository_url`; empty for the input as a whole. */
	path: string;
	message: string;
}

/**
 * The cause of an error whose words hold text that somebody wrote: the audit log,
 * from which nothing is taken back, keeps words of ours in their place.
 *
 * @param recorded what it keeps
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

/** What the audit log keeps of an error: its words, unless they hold somebody's text. */
export function recordedWords({ message, cause }: TRPCError): string {
	const { recorded } = (cause ?? {}) as { recorded?: string };
	return recorded ?? message;
}

/** A 422 with all its issues, in the form that an input which does not parse has them. */
export function issuesError(detail: string, issues: Issue[]): TRPCError {
	return new TRPCError({
		code: "UNPROCESSABLE_CONTENT",
		message: detail,
		cause: Object.assign(new Error(detail), { issues }),
	});
}

/**
 * A 409: the request contradicts the present state.
 *
 * @param detail what stands in the way and what to do about it
 * @param members facts for programs, shown beside the detail
 * @param recorded what the audit log keeps, where the detail holds text that somebody wrote
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
 * A 400: an input has members that nothing reads, misspelled ones perhaps.
 *
 * @param known the names that there are
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

/** Unknown names that are told at once. */
const MAX_NAMED = 10;

/**
 * Refuses an input that has members by other names; what is no object is for its
 * schema to refuse.
 *
 * @throws TRPCError BAD_REQUEST
 */
export function refuseUnknown(input: unknown, known: readonly string[]): void {
	if (typeof input !== "object" || input === null || Array.isArray(input))
		return;
	const unknown = Object.keys(input).filter((name) => !known.includes(name));
	if (unknown.length > 0) throw unknownParameters(unknown, known);
}

/** A 429: more was asked than the limit allows. */
export function tooManyRequests(
	detail: string,
	/** Seconds until the next request is let through. */
	retryAfter: number,
): TRPCError {
	return new TRPCError({
		code: "TOO_MANY_REQUESTS",
		message: detail,
		cause: Object.assign(new Error(detail), { retryAfter }),
	});
}

/** A 503 of our own choice: answering would make it worse for everybody. */
export function overloaded(): TRPCError {
	return unavailable(
		"The service is overloaded at the moment. Nothing was done; try again in a few seconds.",
	);
}

/** What is said of bytes that are no JSON. */
export const INVALID_JSON =
	"The request body is not valid JSON. Check quotes, commas and escapes.";

/** A 503 of our own choice, with what to do about it. */
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

/** A 415 for a body that is compressed. */
export function compressedBody(): TRPCError {
	return new TRPCError({
		code: "UNSUPPORTED_MEDIA_TYPE",
		message:
			"Compressed request bodies are not taken. Send the body as it is, without the header Content-Encoding.",
	});
}

/** A 406, for which tRPC has no code: what there is to answer, the client does not accept. */
export function notAcceptable(types: string[]): TRPCError {
	const detail = `The answer is ${types.join(" or ")}, which the header Accept does not take. Name it there, or send no such header.`;
	return new TRPCError({
		code: "BAD_REQUEST",
		message: detail,
		cause: Object.assign(new Error(detail), { status: 406 }),
	});
}

/** A 414, for which tRPC has no code. */
export function urlTooLong(): TRPCError {
	return new TRPCError({
		code: "BAD_REQUEST",
		message: URL_TOO_LONG,
		cause: Object.assign(new Error(URL_TOO_LONG), { status: 414 }),
	});
}

/** What a 414 says. */
export const URL_TOO_LONG =
	"The URL is too long. Send long values in the body of a request.";
