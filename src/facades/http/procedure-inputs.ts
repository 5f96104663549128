import type { z } from "zod";
import { REPORT_BODY, SMALL_BODY } from "../../core/body-limits.ts";
import { jsonMembers } from "../../core/json-object.ts";
import type { WantedInput } from "../../core/json-pick.ts";
import { appRouter } from "../../router.ts";

/** The input member that holds a whole report; a procedure that has it accepts reports. */
const REPORT_MEMBER = "report_data";

const procedures = appRouter._def.procedures as unknown as Record<
	string,
	{ _def: { inputs: z.ZodType[] } }
>;

/**
 * Returns which parts of a procedure's input are used, by its schema.
 *
 * @param path its place in the router, such as `reports.submit`; nothing is
 *   used for one that does not exist
 */
export function wantedOfProcedure(path: string): WantedInput {
	const known = wantedOfProcedures.get(path);
	if (known) return known;
	const inputs = Object.hasOwn(procedures, path)
		? (procedures[path]?._def.inputs ?? [])
		: [];
	const shapes = inputs.map((input) => objectIn(input).shape);
	const wanted = wantedOf(path, Object.assign({}, ...shapes));
	// Only for existing procedures, so that invented names take no memory.
	if (Object.hasOwn(procedures, path)) wantedOfProcedures.set(path, wanted);
	return wanted;
}

const wantedOfProcedures = new Map<string, WantedInput>();

/** Returns the members that a procedure's input may have, by its place in the router. */
export function membersOf(path: string): readonly string[] {
	return wantedOfProcedure(path).members;
}

/**
 * Returns which parts of a tool's input are used.
 *
 * @param procedure the procedure that the tool calls, which accepts a report or
 *   does not
 */
export function wantedOfTool(
	name: string,
	{ shape }: z.ZodObject,
	procedure: string,
): WantedInput {
	return {
		...wantedOf(name, shape),
		takesReport: wantedOfProcedure(procedure).takesReport,
	};
}

function wantedOf(name: string, shape: z.ZodRawShape): WantedInput {
	const json = Object.entries(shape).flatMap(([member, schema]) => {
		const found = findJson(schema as z.ZodType);
		return found ? [[member, found]] : [];
	});
	return {
		name,
		takesReport: Object.hasOwn(shape, REPORT_MEMBER),
		members: Object.keys(shape),
		json: Object.fromEntries(json),
	};
}

/** Returns the object schema inside an input that may be omitted as a whole. */
function objectIn(input: z.ZodType): z.ZodObject {
	const { innerType } = input._zod.def as { innerType?: z.ZodType };
	return innerType ? objectIn(innerType) : (input as z.ZodObject);
}

function findJson(schema: z.ZodType): { mayBeText: boolean } | undefined {
	const known = jsonMembers.get(schema);
	if (known) return known;
	const { innerType, in: from } = schema._zod.def as {
		innerType?: z.ZodType;
		in?: z.ZodType;
	};
	const inside = innerType ?? from;
	return inside && findJson(inside);
}

/** Returns the maximum size in bytes of a body with these inputs. */
export function bodyLimitFor(inputs: WantedInput[]): number {
	return inputs.some(({ takesReport }) => takesReport)
		? REPORT_BODY
		: SMALL_BODY;
}
