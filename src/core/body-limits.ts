import { setImmediate as nextTurn } from "node:timers/promises";
import { Refusal } from "./errors.ts";
import { JsonText } from "./json-text.ts";

/** Bytes of a body that any request may have: notes of 10,000 characters, however a client escapes them in JSON. */
export const SMALL_BODY = 64 * 1024;

/**
 * Bytes of a body that brings a whole report: 1 MiB of Markdown and 1 MiB of
 * structured data, however a client escapes them (`\u00e6` takes three bytes
 * for one).
 */
export const REPORT_BODY = 8 * 1024 * 1024;

/** Characters that the large answers of one batch hold together, unless the first has more: all are written in one turn. */
const BATCH_ANSWER = 1024 * 1024;

/** Counts what the calls of one batch answer. */
export interface AnswerBudget {
	/** @throws TRPCError PAYLOAD_TOO_LARGE for the answer of a query beyond it */
	ofQuery(answer: unknown): void;
	/**
	 * Makes a change, one of the batch after the other: what was changed is
	 * answered whatever it holds, so a change beyond the budget is not made.
	 *
	 * @param change what makes it
	 * @param answerOf what is answered of what it gives
	 * @throws TRPCError PAYLOAD_TOO_LARGE
	 */
	ofMutation<Result>(
		change: () => Promise<Result>,
		answerOf: (result: Result) => unknown,
	): Promise<Result>;
	/**
	 * Answers one call of the batch after the other, each in turns of its own: what
	 * each reads and writes may take long for one turn of the loop together.
	 *
	 * @param answer what reads the call and writes its answer
	 */
	inTurn<Result>(answer: () => Promise<Result>): Promise<Result>;
}

/** What the answers of one batch may hold together. */
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
			"The answers of this batch are too large together. Ask for this one by itself.",
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
				// The next one may be as large as the limit of one report.
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

/** Characters of all the texts in an answer. */
function sizeOf(value: unknown): number {
	if (typeof value === "string") return value.length;
	if (value instanceof JsonText) return value.text.length;
	if (typeof value !== "object" || value === null) return 0;
	let size = 0;
	for (const member of Object.values(value)) size += sizeOf(member);
	return size;
}

/**
 * 413: the body is larger than what is asked can need.
 *
 * @param limit the bytes that are taken there
 */
export function bodyTooLarge(limit: number): Refusal {
	return new Refusal(
		"PAYLOAD_TOO_LARGE",
		limit === REPORT_BODY
			? "The request body is too large: at most 8 MiB are taken here. That is room for a report of 1 MiB, however it is escaped."
			: `The request body is too large: at most ${limit / 1024} KiB are taken here. Only what takes a whole report takes more.`,
	);
}
