import type { z } from "zod";
import type { Caller } from "../../router.ts";

/** Where a procedure stands in the router, such as `reports.submit`. */
export type ProcedurePath = {
	[Slice in keyof Caller & string]: `${Slice}.${keyof Caller[Slice] & string}`;
}[keyof Caller & string];

/** One MCP tool. All four hints are stated: a client must not have to guess. */
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
	/** What it does; who may call this procedure is shown the tool. */
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

/** Lets each tool know its own input's type while all of them stand in one list. */
export function defineTool<Input extends z.ZodObject>(tool: Tool<Input>): Tool {
	return tool as unknown as Tool;
}
