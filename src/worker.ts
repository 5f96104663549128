/**
 * The process that runs tasks, one after the other. A text that breaks it breaks nothing else:
 * running out of memory ends a whole process, whatever limits its threads have.
 */
import { enableCompileCache } from "node:module";
import { Worker } from "node:worker_threads";
import {
	OVER_LIMIT,
	type Reply,
	type Request,
} from "./platform/workers/messages.ts";
import type { TaskName } from "./platform/workers/tasks.ts";

/** Loads each task's function; arguments and results are copied between processes. */
const loaders = {
	parseJson: async () => (await import("./core/json-parse.ts")).parseJson,
	assess: async () => (await import("./features/assessments/assess.ts")).assess,
	renderMarkdown: async () =>
		(await import("./facades/web/markdown/render.ts")).renderMarkdown,
	textDiff: async () =>
		(await import("./facades/web/components/text-diff.ts")).textDiff,
	typesetReport: async () =>
		(await import("./facades/web/pdf/typeset.ts")).typesetReport,
} satisfies Record<TaskName, () => Promise<(...input: never[]) => unknown>>;

type Loaded<Name extends TaskName> = Awaited<
	ReturnType<(typeof loaders)[Name]>
>;
/** The arguments of a task. */
export type Input<Name extends TaskName> = Parameters<Loaded<Name>>;
/** The result of a task. */
export type Output<Name extends TaskName> = Awaited<ReturnType<Loaded<Name>>>;

enableCompileCache();
// The service decides when it ends; signals to all of its processes are ignored.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
	process.on(signal, () => {});
process.on("disconnect", () => process.exit());
process.on("uncaughtException", (error) => {
	reply({ kind: "failed", error });
});

const watch = startWatch();

process.on("message", async ({ name, input, limits }: Request) => {
	try {
		const run = (await loaders[name]()) as (...input: unknown[]) => unknown;
		reply({ kind: "began" });
		watch.begin(limits);
		const output = await run(...input);
		watch.end();
		const isWorn = process.memoryUsage.rss() > limits.memory / 2;
		reply({ kind: "done", output, isWorn });
	} catch (error) {
		watch.end();
		reply({ kind: "failed", error });
	}
});

/** Starts the thread that ends this process when a task exceeds its limits. */
function startWatch() {
	const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
	const shared = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
	const state = new Int32Array(shared);
	new Worker(
		new URL(`./platform/workers/watchdog${extension}`, import.meta.url),
		{
			workerData: shared,
		},
	)
		// Nothing would watch over the tasks any more.
		.on("error", (error) => {
			throw error;
		})
		.unref();
	const set = (cpu: number) => {
		Atomics.store(state, 0, cpu);
		Atomics.notify(state, 0);
	};
	return {
		begin({ cpu, memory }: Request["limits"]) {
			const { user, system } = process.cpuUsage();
			Atomics.store(state, 1, Math.ceil(memory / 2 ** 20));
			set(Math.ceil((user + system) / 1000 + cpu));
			// What is too large already need not wait for the watchdog.
			if (process.memoryUsage.rss() >= memory) {
				process.kill(process.pid, OVER_LIMIT);
			}
		},
		end: () => set(0),
	};
}

function reply(message: Reply): void {
	// The service may be gone, and nobody to answer.
	process.send?.(message, () => {});
}
