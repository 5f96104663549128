import { TRPCError } from "@trpc/server";

/** One thing wrong with an input: where, and what. */
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
	/** Seconds after which trying again makes sense. */
	retryAfter?: number;
	/** A 503 of our own choice, which the log need not hear of for each request. */
	isDeliberate?: true;
	/** What the audit log keeps in place of a sentence that holds somebody's text. */
	recorded?: string;
	/** The kind of refusal in the audit log, where one procedure has several; the reason of a refused sign-in. */
	reason?: string;
	/** A 404 for what the caller may not know of. */
	isDisguised?: true;
	/** The audit log has it already. */
	isRecorded?: true;
	/** The provider's claims are unfit: the operator must see to it. */
	isOfClaims?: true;
	/** What happened, for the log. */
	cause?: unknown;
}

/** The one error with meaning: what every façade shows of it is its code, its sentence and its facts. */
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

/** The facts of a refusal; none of any other error. */
export function factsOf(error: unknown): RefusalFacts {
	return error instanceof Refusal ? error.facts : {};
}

/** What the audit log keeps of an error: its words, unless they hold somebody's text. */
export function recordedWords(error: Error): string {
	return factsOf(error).recorded ?? error.message;
}

/** A 422 with all its issues, in the form that an input which does not parse has them. */
export function issuesError(detail: string, issues: Issue[]): Refusal {
	return new Refusal("UNPROCESSABLE_CONTENT", detail, { issues });
}

/** A 400 for one field, in the form that an input which does not parse has. */
export function invalidField(path: string, message: string): Refusal {
	const issues = [{ path, message }];
	const detail = `The input is not valid. ${path}: ${message}`;
	return new Refusal("BAD_REQUEST", detail, { issues });
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
): Refusal {
	return new Refusal("CONFLICT", detail, { members, recorded });
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
	return new Refusal("BAD_REQUEST", `${detail} ${rest}`, { issues });
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
): Refusal {
	return new Refusal("TOO_MANY_REQUESTS", detail, { retryAfter });
}

/** A 503 of our own choice: answering would make it worse for everybody. */
export function overloaded(): Refusal {
	return unavailable(
		"The service is overloaded at the moment. Nothing was done; try again in a few seconds.",
	);
}

/** What is said of bytes that are no JSON. */
export const INVALID_JSON =
	"The request body is not valid JSON. Check quotes, commas and escapes.";

/** A 503 of our own choice, with what to do about it. */
export function unavailable(detail: string): Refusal {
	return new Refusal("SERVICE_UNAVAILABLE", detail, {
		retryAfter: 5,
		isDeliberate: true,
	});
}

/** A 415 for a body that is compressed. */
export function compressedBody(): Refusal {
	return new Refusal(
		"UNSUPPORTED_MEDIA_TYPE",
		"Compressed request bodies are not taken. Send the body as it is, without the header Content-Encoding.",
	);
}

/** A 406, for which tRPC has no code: what there is to answer, the client does not accept. */
export function notAcceptable(types: string[]): Refusal {
	const detail = `The answer is ${types.join(" or ")}, which the header Accept does not take. Name it there, or send no such header.`;
	return new Refusal("BAD_REQUEST", detail, { status: 406 });
}

/** A 414, for which tRPC has no code. */
export function urlTooLong(): Refusal {
	return new Refusal("BAD_REQUEST", URL_TOO_LONG, { status: 414 });
}

/** What a 414 says. */
export const URL_TOO_LONG =
	"The URL is too long. Send long values in the body of a request.";
