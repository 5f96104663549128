import { SMALL_BODY } from "./body-limits.ts";
import { Refusal } from "./errors.ts";
import { findJsonProblem, isObject, parseJsonText } from "./json-object.ts";
import { countNodes, type Unreadable } from "./json-scan.ts";

/** Maximum number of calls in one batch; more would be many requests in the guise of one. */
export const MAX_CALLS = 20;

/** Returns the 400 for a batch with more calls, worded for programs that speak JSON-RPC or tRPC. */
export function batchTooLong(): Refusal {
	return new Refusal(
		"BAD_REQUEST",
		`A batch may contain up to ${MAX_CALLS} calls, and this one has more. Send several batches; httpBatchLink does so with maxItems: ${MAX_CALLS}.`,
	);
}

/** Maximum number of values and names in a body besides its reports. */
const MAX_OTHER_NODES = 10_000;

/** The parts of one procedure's or tool's input that are used. */
export interface WantedInput {
	/** Its name, for error messages. */
	name: string;
	/** Whether it accepts a whole report; no other input needs to be large. */
	takesReport: boolean;
	/** The members that its schema names. */
	members: string[];
	/** Members that stay JSON, and whether they may also arrive as a text that contains JSON. */
	json: Record<string, { mayBeText: boolean }>;
}

/** The kind of a body, and which parts of a large one are used. */
export type Wanted =
	/** One input. */
	| { as: "input"; input: WantedInput }
	/** tRPC: the input of one call, or of each call in a batch by position. */
	| { as: "calls"; calls: WantedInput[]; isBatch: boolean }
	/** JSON-RPC: one message or several; a tool call contains its input. */
	| { as: "messages"; tools: WantedInput[] };

/** A JSON object kept as text, and its place in the value. */
export interface KeptText {
	path: (string | number)[];
	text: string;
	problem?: string;
}

/**
 * Keeps the wanted parts of a large body: of inputs with reports the members that their schemas
 * name; of the rest everything, if it is small.
 */
export function pickWanted(
	value: unknown,
	wanted: Wanted,
): { value: unknown; texts: KeptText[] } | Unreadable {
	const texts: KeptText[] = [];
	try {
		return { value: pick(value, wanted, texts), texts };
	} catch (error) {
		if (error instanceof TooLarge) return error.refusal;
		throw error;
	}
}

class TooLarge extends Error {
	readonly refusal: Unreadable;

	constructor(message: string) {
		super(message);
		this.refusal = { code: "PAYLOAD_TOO_LARGE", message };
	}
}

function pick(value: unknown, wanted: Wanted, texts: KeptText[]): unknown {
	let nodes = 0;

	/** Keeps a part unchanged, which must be small. */
	function small<Part>(part: Part, what: string): Part {
		const json = Buffer.from(JSON.stringify(part) ?? "");
		nodes += countNodes(json);
		if (json.length > SMALL_BODY) {
			throw new TooLarge(
				`${what} takes at most ${SMALL_BODY / 1024} KiB, and this is more. Only a whole report may be larger.`,
			);
		}
		if (nodes > MAX_OTHER_NODES) {
			throw new TooLarge(
				`The request body contains more than ${MAX_OTHER_NODES} values and names besides its reports.`,
			);
		}
		return part;
	}

	function input(given: unknown, of: WantedInput, path: KeptText["path"]) {
		if (!of.takesReport || !isObject(given)) return small(given, of.name);
		const kept: Record<string, unknown> = {};
		const unknown = Object.keys(given).find(
			(name) => !of.members.includes(name),
		);
		// Its name is enough for the reader of the input to refuse or ignore it.
		if (unknown !== undefined) kept[unknown.slice(0, 100)] = null;
		for (const member of of.members) {
			if (!Object.hasOwn(given, member)) continue;
			const value = given[member];
			const json = of.json[member];
			if (json && (isObject(value) || (json.mayBeText && isText(value)))) {
				texts.push({ path: [...path, member], ...keepText(value) });
			} else {
				kept[member] = isText(value) ? value : small(value, member);
			}
		}
		return kept;
	}

	function message(given: unknown, tools: WantedInput[], path: number[]) {
		const { method, params } = (given ?? {}) as Record<string, unknown>;
		const called =
			method === "tools/call" && isObject(params)
				? tools.find(({ name }) => name === params.name)
				: undefined;
		if (!called || !isObject(params)) return small(given, "A message");
		const { arguments: given_, ...others } = params;
		const rest = { ...(given as object), params: others };
		const kept = input(given_, called, [...path, "params", "arguments"]);
		return {
			...small(rest, "A message, apart from the arguments of its tool,"),
			params: { ...others, arguments: kept },
		};
	}

	if (wanted.as === "input") return input(value, wanted.input, []);
	if (wanted.as === "messages") {
		if (!Array.isArray(value)) return message(value, wanted.tools, []);
		return (
			value
				// One more is enough to detect that there are too many.
				.slice(0, MAX_CALLS + 1)
				.map((one, index) => message(one, wanted.tools, [index]))
		);
	}
	const [first] = wanted.calls;
	if (!wanted.isBatch) return first ? input(value, first, []) : undefined;
	if (!isObject(value)) return small(value, "A batch");
	const inputs = wanted.calls.flatMap((call, index) =>
		Object.hasOwn(value, index)
			? [[index, input(value[index], call, [index])]]
			: [],
	);
	return Object.fromEntries(inputs);
}

const isText = (value: unknown) => typeof value === "string";

/** Returns the caller's own JSON as the text that is stored, and checks it. */
function keepText(value: unknown): { text: string; problem?: string } {
	const none = (problem: string) => ({ text: "{}", problem });
	let object = value;
	if (typeof value === "string") {
		const read = parseJsonText(value);
		if ("problem" in read) return none(read.problem);
		object = read.value;
	}
	if (!isObject(object)) return none("Must be a JSON object.");
	const problem = findJsonProblem(object);
	return problem ? none(problem) : { text: JSON.stringify(object) };
}
