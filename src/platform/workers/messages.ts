import type { TaskName } from "./tasks.ts";

/** A request from the pool to a worker. */
export interface Request {
	name: TaskName;
	input: unknown[];
	/** CPU time in milliseconds and memory in bytes beyond which the worker is ended. */
	limits: { cpu: number; memory: number };
}

/** A message from a worker: that the task has begun, or its result. */
export type Reply =
	| { kind: "began" }
	| {
			kind: "done";
			output: unknown;
			/** Whether it holds so much memory that the next task should start in a new process. */
			isWorn: boolean;
	  }
	| { kind: "failed"; error: unknown };

/** The signal that ends a worker beyond its limits: "virtual alarm", which leaves no core dump. */
export const OVER_LIMIT = "SIGVTALRM";
