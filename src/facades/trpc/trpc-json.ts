import { randomUUID } from "node:crypto";
import type { TRPCCombinedDataTransformer } from "@trpc/server";
import type { FastifyRequest } from "fastify";
import { Refusal } from "../../core/errors.ts";
import { isObject } from "../../core/json-object.ts";
import { holdsReservedKey, RESERVED_KEY } from "../../core/json-reserved.ts";
import { JsonText } from "../../core/json-text.ts";
import { appRouter } from "../../router.ts";

/** Marks, with a number, the place of text that is inserted afterwards; nobody outside knows it. */
const MARK = randomUUID();

/** What the library receives of a request, and how its answer is restored. */
interface CarriedJson {
	/** The body that the library parses. */
	text: string;
	transformer: TRPCCombinedDataTransformer;
	/** Restores the real answer. */
	restore(answer: string): string;
}

/**
 * Carries a request's inputs and outputs past the library's own parsing and
 * writing of JSON: the body is already parsed, and large JSON stays text. What
 * the library reads and writes contains numbers in their place; its
 * transformer, which it calls for every input and output, resolves them.
 */
export function carryJson({
	body,
	query,
	headers,
}: FastifyRequest): CarriedJson {
	const { transformer } = appRouter._def._config;
	const { text, inputs } = numberInputs(body, query as { batch?: string });
	const outputs: string[] = [];
	const input =
		body === undefined
			? { ...transformer.input, deserialize: refuseReserved }
			: { ...transformer.input, deserialize: (at: number) => inputs[at] };
	const hide = (output: unknown) => hideTexts(output, outputs);
	// A stream of lines is sent as it comes.
	const isStream = headers["trpc-accept"] === "application/jsonl";
	const output = isStream
		? transformer.output
		: { ...transformer.output, serialize: hide };
	return {
		text,
		transformer: { input, output },
		restore: (answer: string) =>
			outputs.length === 0
				? answer
				: answer.replace(
						new RegExp(`"${MARK}:(\\d+)"`, "g"),
						(_, at) => outputs[Number(at)] ?? "null",
					),
	};
}

/** Refuses reserved names in an input from the address, which the library has parsed. */
function refuseReserved(input: unknown): unknown {
	if (!holdsReservedKey(input)) return input;
	throw new Refusal("BAD_REQUEST", RESERVED_KEY);
}

/**
 * Numbers the inputs of a batch by their place in it. A batch that is not an
 * object is left for the library to refuse.
 */
function numberInputs(
	body: unknown,
	{ batch }: { batch?: string },
): { text: string; inputs: unknown[] } {
	if (body === undefined) return { text: "", inputs: [] };
	if (batch !== "1") return { text: "0", inputs: [body] };
	if (!isObject(body)) return { text: "[]", inputs: [] };
	const numbers = Object.keys(body).map((place, at) => [place, at]);
	const text = JSON.stringify(Object.fromEntries(numbers));
	return { text, inputs: Object.values(body) };
}

function hideTexts(output: unknown, texts: string[]): unknown {
	if (!isObject(output)) return output;
	const members = Object.entries(output).filter(
		(member): member is [string, JsonText] => member[1] instanceof JsonText,
	);
	if (members.length === 0) return output;
	const marks = members.map(([name, { text }]) => [
		name,
		`${MARK}:${texts.push(text) - 1}`,
	]);
	return { ...output, ...Object.fromEntries(marks) };
}
