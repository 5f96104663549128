import type { z } from "zod";
import type { Caller } from "../../router.ts";

/** The path of a procedure in the router, such as `reports.submit`. */
export type ProcedurePath = {
	[Slice in keyof Caller & string]: `${Slice}.${keyof Caller[Slice] & string}`;
}[keyof Caller & string];

/** One MCP tool. All four hints are stated, so that no client has to guess. */
export interface Tool<Input extends z.ZodObject = z.ZodObject> {
	name: string;
	title: string;
	description: string;
	input: Input;
	annotations: {
		readOnlyHint: boolean;
		destructiveHint: boolean;
		idempotentHint: boolean;
		openWorldHint: boolean;
	};
	_meta?: Record<string, unknown>;
	/** What the tool calls; callers who may call this procedure see the tool. */
	procedure: ProcedurePath;
	/** @returns the text that the model sees */
	run(caller: Caller, input: z.infer<Input>): Promise<string>;
}

/** The hints of a tool that only reads. */
export const readOnly = {
	readOnlyHint: true,
	destructiveHint: false,
	idempotentHint: true,
	openWorldHint: false,
};

/** Gives each tool the type of its own input while all of them are in one list. */
export function defineTool<Input extends z.ZodObject>(tool: Tool<Input>): Tool {
	return tool as unknown as Tool;
}
