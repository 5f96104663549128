import { z } from "zod";
import { hiddenCharacter } from "./hidden-characters.ts";

/** Text that PostgreSQL can keep: no NUL, no half of a surrogate pair. */
export function text() {
	return z
		.string({
			error: ({ input }) =>
				input === undefined ? "Is required." : "Must be a string.",
		})
		.refine(isStorable, {
			message: "Must not contain NUL or lone surrogate characters.",
			abort: true,
		});
}

/** A short text: trimmed, not empty, up to `max` characters. */
export function line(max: number, hint: string) {
	return text()
		.trim()
		.refine(
			(value) => value.search(hiddenCharacter) < 0 && !/[\r\n]/.test(value),
			{
				message: "Must be one line without hidden characters.",
				abort: true,
			},
		)
		.min(1, { error: `Must not be empty, ${hint}.`, abort: true })
		.max(max, {
			error: `Must be at most ${max} characters.`,
			// What is too long is looked at no further.
			abort: true,
		});
}

/** Neither PostgreSQL nor JSON in it keeps NUL and halves of surrogate pairs. */
export function isStorable(value: string): boolean {
	return !value.includes("\0") && value.isWellFormed();
}

/** A UUID, of whatever version. */
export function guid(description: string) {
	return z
		.guid("Must be a UUID, as in 550e8400-e29b-41d4-a716-446655440000.")
		.describe(description);
}

/** A time of an answer. */
export function time(what: string) {
	return statedText(z.iso.datetime().describe(`${what}, ISO 8601 in UTC.`));
}

/**
 * A text of an answer whose form the database's own type or constraint
 * guarantees: documented as the given schema says, and held to it by the tests
 * of the contract, not again in every answer.
 */
export function statedText(schema: z.ZodType<string>): z.ZodString {
	return z.string().meta(documentation(schema));
}

/** A number of an answer, likewise. */
export function statedNumber(schema: z.ZodType<number>): z.ZodNumber {
	return z.number().meta(documentation(schema));
}

function documentation(schema: z.ZodType): z.GlobalMeta {
	const { $schema, ...documented } = z.toJSONSchema(schema);
	return documented as z.GlobalMeta;
}
