import { setImmediate as nextTurn } from "node:timers/promises";
import { Refusal } from "./errors.ts";
import { JsonText } from "./json-text.ts";

/**
 * Maximum body size in bytes for any request: enough for notes of 10,000 characters, however a
 * client escapes them in JSON.
 */
export const SMALL_BODY = 64 * 1024;

/**
 * Maximum body size in bytes for a request with a whole report: 1 MiB of Markdown and 1 MiB of
 * structured data, however a client escapes them (`\u00e6` takes three bytes for one).
 */
export const REPORT_BODY = 8 * 1024 * 1024;

/**
 * Characters that the large answers of one batch may hold together, unless the first has more: all
 * are written in one turn of the event loop.
 */
const BATCH_ANSWER = 1024 * 1024;

/** Limits the total size of the answers of one batch. */
export interface AnswerBudget {
	/** @throws TRPCError PAYLOAD_TOO_LARGE for a query's answer beyond the budget */
	ofQuery(answer: unknown): void;
	/**
	 * Makes a change, one after the other within a batch. The answer to a change that was made must
	 * be sent, whatever its size, so a change beyond the budget is not made.
	 *
	 * @param change makes it
	 * @param answerOf returns the answer to its result
	 * @throws TRPCError PAYLOAD_TOO_LARGE
	 */
	ofMutation<Result>(
		change: () => Promise<Result>,
		answerOf: (result: Result) => unknown,
	): Promise<Result>;
	/**
	 * Answers the calls of the batch one after the other, each in its own turns of the event loop:
	 * reading and writing all of them in one turn could block it for long.
	 *
	 * @param answer reads the call and writes its answer
	 */
	inTurn<Result>(answer: () => Promise<Result>): Promise<Result>;
}

/** Creates the budget for the answers of one batch. */
export function answerBudget(): AnswerBudget {
	let spent = 0;
	let last: Promise<unknown> = Promise.resolve();
	let lastAnswer: Promise<unknown> = Promise.resolve();
	const spend = (answer: unknown) => {
		const size = sizeOf(answer);
		if (size > SMALL_BODY) spent += size;
		return size;
	};
	const tooLarge = () =>
		new Refusal(
			"PAYLOAD_TOO_LARGE",
			"The answers of this batch are too large together. Send this call by itself.",
		);
	return {
		ofQuery(answer) {
			const isFirst = spent === 0;
			const size = spend(answer);
			if (size <= SMALL_BODY || isFirst || spent <= BATCH_ANSWER) return;
			throw tooLarge();
		},
		ofMutation(change, answerOf) {
			const made = last.then(async () => {
				// The next answer may be as large as one report may be.
				if (spent >= BATCH_ANSWER / 2) throw tooLarge();
				const result = await change();
				spend(answerOf(result));
				return result;
			});
			last = made.catch(() => {});
			return made;
		},
		inTurn(answer) {
			const answered = lastAnswer.then(() => nextTurn()).then(answer);
			lastAnswer = answered.catch(() => {});
			return answered;
		},
	};
}

/** Counts the characters of all texts in an answer. */
export function sizeOf(value: unknown): number {
	if (typeof value === "string") return value.length;
	if (value instanceof JsonText) return value.text.length;
	if (typeof value !== "object" || value === null) return 0;
	let size = 0;
	for (const member of Object.values(value)) size += sizeOf(member);
	return size;
}

/**
 * Returns the 413 for a body that is larger than the request can need.
 *
 * @param limit the maximum in bytes for this request
 */
export function bodyTooLarge(limit: number): Refusal {
	return new Refusal(
		"PAYLOAD_TOO_LARGE",
		limit === REPORT_BODY
			? "The request body is too large: at most 8 MiB are accepted here, enough for a report of 1 MiB, however it is escaped."
			: `The request body is too large: at most ${limit / 1024} KiB are accepted here. Only requests that carry a whole report may be larger.`,
	);
}
