import { TRPCError } from "@trpc/server";

/** One problem in an input: where it is, and what it is. */
export interface Issue {
	/** Dotted path into the input, such as `repository_url`; empty for the input as a whole. */
	path: string;
	message: string;
}

/** What a refusal says beside its code and its sentence. */
export interface RefusalFacts {
	/** HTTP status, where tRPC has no code for it. */
	status?: number;
	/** Everything that is wrong with the input. */
	issues?: Issue[];
	/** Facts for programs, shown beside the sentence, such as `existing_report_id`. */
	members?: Record<string, string>;
	/** Of a 401 or 403: what `WWW-Authenticate` says (RFC 6750, section 3); empty when nothing was shown. */
	challenge?: string | undefined;
	/** Seconds to wait before trying again. */
	retryAfter?: number;
	/** A 503 of our own choice, which is not logged for each request. */
	isDeliberate?: true;
	/** What the audit log stores instead of a sentence that quotes somebody's text. */
	recorded?: string;
	/** The kind of refusal in the audit log, where one procedure has several; the reason of a refused sign-in. */
	reason?: string;
	/** A 404 that hides what the caller may not know of. */
	isDisguised?: true;
	/** The audit log has it already. */
	isRecorded?: true;
	/** The provider's claims are unfit: the operator must fix it. */
	isOfClaims?: true;
	/** What happened, for the log. */
	cause?: unknown;
}

/** The only error with meaning: every façade shows its code, its sentence and its facts. */
export class Refusal extends TRPCError {
	readonly facts: RefusalFacts;

	/**
	 * @param code tRPC's code, which decides the HTTP status
	 * @param message a sentence that says what is wrong and what to do
	 */
	constructor(
		code: TRPCError["code"],
		message: string,
		facts: RefusalFacts = {},
	) {
		super({ code, message, cause: facts.cause });
		this.facts = facts;
	}
}

/** Returns the facts of a refusal; none for any other error. */
export function factsOf(error: unknown): RefusalFacts {
	return error instanceof Refusal ? error.facts : {};
}

/**
 * Returns what the audit log stores of an error: its message, unless that quotes somebody's text.
 */
export function recordedWords(error: Error): string {
	return factsOf(error).recorded ?? error.message;
}

/** Returns a 422 with all its issues, in the form of an input that does not parse. */
export function issuesError(detail: string, issues: Issue[]): Refusal {
	return new Refusal("UNPROCESSABLE_CONTENT", detail, { issues });
}

/** Returns a 400 for one field, in the form of an input that does not parse. */
export function invalidField(path: string, message: string): Refusal {
	const issues = [{ path, message }];
	const detail = `The input is not valid. ${path}: ${message}`;
	return new Refusal("BAD_REQUEST", detail, { issues });
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
): Refusal {
	return new Refusal("CONFLICT", detail, { members, recorded });
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
	return new Refusal("BAD_REQUEST", `${detail} ${rest}`, { issues });
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
): Refusal {
	return new Refusal("TOO_MANY_REQUESTS", detail, { retryAfter });
}

/** Returns a 503 for load shedding: answering would make it worse for everybody. */
export function overloaded(): Refusal {
	return unavailable(
		"The service is overloaded at the moment. Nothing was done; try again in a few seconds.",
	);
}

/** The message for bytes that are not JSON. */
export const INVALID_JSON =
	"The request body is not valid JSON. Check quotes, commas and escapes.";

/** Returns a 503 of our own, with what to do about it. */
export function unavailable(detail: string): Refusal {
	return new Refusal("SERVICE_UNAVAILABLE", detail, {
		retryAfter: 5,
		isDeliberate: true,
	});
}

/** Returns a 415 for a compressed body. */
export function compressedBody(): Refusal {
	return new Refusal(
		"UNSUPPORTED_MEDIA_TYPE",
		"Compressed request bodies are not accepted. Send the body uncompressed, without the header Content-Encoding.",
	);
}

/** Returns a 406, for which tRPC has no code: the client accepts none of the answer's types. */
export function notAcceptable(types: string[]): Refusal {
	const detail = `The answer is ${types.join(" or ")}, which the header Accept does not allow. Name it there, or omit the header.`;
	return new Refusal("BAD_REQUEST", detail, { status: 406 });
}

/** Returns a 414, for which tRPC has no code. */
export function urlTooLong(): Refusal {
	return new Refusal("BAD_REQUEST", URL_TOO_LONG, { status: 414 });
}

/** The message of a 414. */
export const URL_TOO_LONG =
	"The URL is too long. Send long values in the body of a request.";
