import type { TaskName } from "./tasks.ts";

/** What the pool asks of a worker. */
export interface Request {
	name: TaskName;
	input: unknown[];
	/** Milliseconds of CPU time, and bytes of memory, beyond which the worker ends. */
	limits: { cpu: number; memory: number };
}

/** What a worker says: that the task begins, and how it went. */
export type Reply =
	| { kind: "began" }
	| {
			kind: "done";
			output: unknown;
			/** It holds so much memory that the next task had better begin in a new process. */
			isWorn: boolean;
	  }
	| { kind: "failed"; error: unknown };

/** How a worker ends that takes more than its task may: "virtual alarm", which leaves no core behind. */
export const OVER_LIMIT = "SIGVTALRM";
