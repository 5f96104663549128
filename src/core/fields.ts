import { z } from "zod";
import { hiddenCharacter, needlessCharacter } from "./hidden-characters.ts";

/**
 * Text of up to `max` characters (UTF-16 code units) that PostgreSQL can store: no NUL, no lone
 * surrogate. Length is checked first; a text that is too long is not examined further.
 */
export function text(max: number) {
	return anyText()
		.max(max, {
			error: `Must be at most ${max.toLocaleString("en")} characters.`,
			abort: true,
		})
		.refine(isStorable, unstorable);
}

/**
 * Text in lines that a person writes for others: up to `max` characters, without hidden ones, which
 * could make it look different from what was written.
 */
export function prose(max: number) {
	return text(max).refine((value) => !needlessCharacter.test(value), {
		error: ({ input }) => {
			const [found = ""] = needlessCharacter.exec(input as string) ?? [];
			const code = found.codePointAt(0)?.toString(16).toUpperCase();
			return `Must not contain control or hidden characters: remove U+${code?.padStart(4, "0")}.`;
		},
		abort: true,
	});
}

/**
 * Text of up to `maxBytes` bytes of UTF-8 that PostgreSQL can store, with no other restriction.
 * Longer texts are PAYLOAD_TOO_LARGE.
 *
 * @param refuse returns what is too large and what to do, given the text's size in bytes
 */
export function document(maxBytes: number, refuse: (bytes: number) => string) {
	return anyText()
		.refine((value) => Buffer.byteLength(value) <= maxBytes, {
			error: ({ input }) => refuse(Buffer.byteLength(input as string)),
			params: tooLarge,
			abort: true,
		})
		.refine(isStorable, unstorable)
		.refine((value) => !hasManyControls(value), {
			message: `Must not contain more than ${MOST_CONTROLS.toLocaleString("en")} control characters: remove them, and send text.`,
			abort: true,
		})
		.meta({ maxLength: maxBytes });
}

/**
 * Control characters that a document may contain, as copied terminal output does: each takes six
 * times its size in JSON.
 */
const MOST_CONTROLS = 10_000;

function hasManyControls(value: string): boolean {
	let count = 0;
	for (const _ of value.matchAll(/[^\P{Cc}\t\n\r]/gu)) {
		count += 1;
		if (count > MOST_CONTROLS) return true;
	}
	return false;
}

/** Marks an issue that makes an input PAYLOAD_TOO_LARGE instead of merely invalid. */
export const tooLarge = { isTooLarge: true } as const;

const unstorable = {
	message: "Must not contain NUL or lone surrogate characters.",
	abort: true,
};

function anyText() {
	return z.string({
		error: ({ input }) =>
			input === undefined ? "Is required." : "Must be a string.",
	});
}

/** A short text: up to `max` characters as sent, then trimmed, and not empty. */
export function line(max: number, hint: string) {
	return text(max)
		.trim()
		.refine(
			(value) => value.search(hiddenCharacter) < 0 && !/[\r\n]/.test(value),
			{
				message: "Must be one line without hidden characters.",
				abort: true,
			},
		)
		.min(1, { error: `Must not be empty, ${hint}.`, abort: true });
}

/**
 * Returns whether PostgreSQL, and JSON in it, can store a text: neither keeps NUL and lone
 * surrogates.
 */
export function isStorable(value: string): boolean {
	return !value.includes("\0") && value.isWellFormed();
}

/**
 * A member of an input that may be omitted. `null` counts as omitted, so that the service's own
 * answers can be sent back.
 *
 * @param schema with its description
 */
export function optional<Schema extends z.ZodType>(
	schema: Schema,
): z.ZodOptional<OrNull<z.output<Schema> | undefined, z.input<Schema>>> {
	return orNull<Schema, undefined>(schema, undefined).optional();
}

/** The same for a member that has a default value. */
export function withDefault<Schema extends z.ZodType>(
	schema: Schema,
	value: z.output<Schema> & {},
): z.ZodDefault<OrNull<z.output<Schema>, z.input<Schema>>> {
	return orNull<Schema, never>(schema, value as never).default(value as never);
}

type OrNull<Output, Input> = z.ZodType<Output, Input | null>;

function orNull<Schema extends z.ZodType, Value>(
	schema: Schema,
	value: Value,
): OrNull<z.output<Schema> | Value, z.input<Schema>> {
	const { description } = schema;
	// Tools look for the description outside the union, and it must appear only once.
	const undescribed = description
		? schema.meta({ description: undefined } as z.GlobalMeta)
		: schema;
	const taken = undescribed
		.nullable()
		// Not a transform: the document would lose examples and defaults.
		.overwrite((given) => (given ?? value) as typeof given);
	return (description
		? taken.describe(description)
		: taken) as unknown as OrNull<z.output<Schema> | Value, z.input<Schema>>;
}

/** A UUID of any version. */
export function guid(description: string) {
	return z
		.guid("Must be a UUID, as in 550e8400-e29b-41d4-a716-446655440000.")
		.describe(description);
}

/** A time in an answer. */
export function time(what: string) {
	return statedText(z.iso.datetime().describe(`${what}, ISO 8601 in UTC.`));
}

/**
 * A text in an answer whose form is guaranteed by the database's type or a constraint: documented
 * by the given schema, and verified by the contract tests instead of in every answer.
 */
export function statedText(schema: z.ZodType<string>): z.ZodString {
	return z.string().meta(documentation(schema));
}

/** A number in an answer, likewise. */
export function statedNumber(schema: z.ZodType<number>): z.ZodNumber {
	return z.number().meta(documentation(schema));
}

function documentation(schema: z.ZodType): z.GlobalMeta {
	const { $schema, ...documented } = z.toJSONSchema(schema);
	return documented as z.GlobalMeta;
}
