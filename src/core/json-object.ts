import { z } from "zod";
import { isStorable } from "./fields.ts";
import { hasReservedKey } from "./json-reserved.ts";
import { scanStructure } from "./json-scan.ts";
import { JsonText } from "./json-text.ts";

const MAX_JSON_DEPTH = 100;

const documented = z.record(z.string(), z.unknown());

/**
 * How a member of an input is read from a large body: as `JsonText`, also where it is text that
 * contains JSON.
 */
export const jsonMembers = z.registry<{ mayBeText: boolean }>();

/**
 * An object in any shape that JSON and PostgreSQL can store. From a large body it arrives as
 * `JsonText`, already checked.
 */
export function jsonObject() {
	return (
		z
			// A record would run a schema on each of its members.
			.unknown()
			.superRefine((value, context) => {
				const message =
					value instanceof JsonText
						? value.problem
						: isObject(value)
							? findJsonProblem(value)
							: "Must be a JSON object.";
				if (message) context.addIssue({ code: "custom", message });
			})
			.meta(documentation(documented))
			.register(jsonMembers, { mayBeText: false }) as unknown as z.ZodType<
			Record<string, unknown> | JsonText,
			Record<string, unknown>
		>
	);
}

/** The same for models, which often send structured arguments as a JSON string. */
export function jsonObjectOrText() {
	return z
		.unknown()
		.transform(parseIfText)
		.pipe(jsonObject() as z.ZodType<Record<string, unknown> | JsonText>)
		.meta(documentation(z.union([documented, z.string()])))
		.register(jsonMembers, { mayBeText: true });
}

/** A JSON object in an answer, from the text that the database returns. */
export function storedJson() {
	return z
		.string()
		.nullable()
		.transform((text) => (text === null ? null : new JsonText(text)))
		.pipe(
			z
				.unknown()
				.meta(documentation(documented.nullable())) as unknown as z.ZodType<
				JsonText | null,
				JsonText | null
			>,
		);
}

function parseIfText(value: unknown, context: z.RefinementCtx): unknown {
	if (typeof value !== "string") return value;
	const read = parseJsonText(value);
	if ("value" in read) return read.value;
	context.addIssue({ code: "custom", message: read.problem });
	return z.NEVER;
}

/**
 * Parses a text as JSON, or returns why it is refused. Texts that are nested too deeply or contain
 * too many values are refused before anything is built.
 */
export function parseJsonText(
	text: string,
): { value: unknown } | { problem: string } {
	const refusal = scanStructure(Buffer.from(text), "It");
	if (refusal) return { problem: refusal.message };
	try {
		return { value: JSON.parse(text) };
	} catch {
		return {
			problem:
				"Is a string that does not contain valid JSON. Send an object, or leave it out.",
		};
	}
}

/** Returns whether a JSON value is an object and not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns why PostgreSQL or JSON cannot store an object exactly, as a message for the sender. */
export function findJsonProblem(root: object): string | undefined {
	let level = [root];
	for (let depth = 1; level.length > 0; depth++) {
		const next: object[] = [];
		for (const container of level) {
			const isArray = Array.isArray(container);
			const values = isArray ? container : Object.values(container);
			if (values.length > 0 && depth === MAX_JSON_DEPTH) {
				return `Must not be nested deeper than ${MAX_JSON_DEPTH} levels.`;
			}
			if (!isArray && hasReservedKey(container)) return RESERVED;
			if (!isArray && !Object.keys(container).every(isStorable)) {
				return NOT_STORABLE;
			}
			for (const value of values) {
				if (typeof value === "object" && value !== null) next.push(value);
				else if (typeof value === "string" && !isStorable(value)) {
					return NOT_STORABLE;
				} else if (typeof value === "number" && !isKept(value)) {
					return "Must not contain numbers that JSON cannot represent exactly; write very large ones as strings.";
				}
			}
		}
		level = next;
	}
	return undefined;
}

const RESERVED =
	"Must not have a key that JavaScript reserves: __proto__, or prototype in constructor.";

const NOT_STORABLE = "Must not contain NUL or lone surrogate characters.";

/** Whole numbers beyond 2^53 have already lost digits, and 1e400 is infinite. */
function isKept(value: number): boolean {
	return Number.isInteger(value)
		? Number.isSafeInteger(value)
		: Number.isFinite(value);
}

function documentation(schema: z.ZodType): z.GlobalMeta {
	const { $schema, ...rest } = z.toJSONSchema(schema);
	return rest as z.GlobalMeta;
}
