import { type ChildProcess, fork } from "node:child_process";
import type { FastifyBaseLogger } from "fastify";
import { Refusal, unavailable } from "../../core/errors.ts";
import type { Input, Output } from "../../worker.ts";
import { makeFairQueue, type QueueLimits } from "./fair-queue.ts";
import type { Reply, Request } from "./messages.ts";
import { type TaskName, tasks } from "./tasks.ts";

/** Resources of the workers, and how long to wait for them. */
export interface WorkerLimits extends QueueLimits {
	/** Processes that run tasks. */
	workers: number;
	/** Milliseconds that a caller waits for an answer before the machine counts as too busy. */
	patience: number;
	/** Milliseconds after which an idle worker ends. */
	idle: number;
	/** Maximum memory of one worker in bytes. */
	memory: number;
	/** Maximum CPU time per task in milliseconds, where it differs from the task's own limit. */
	cpu: Partial<Record<TaskName, number>>;
}

/**
 * One caller never occupies all workers. Each waiting task holds up to 2 MiB of text, and a batch
 * of calls must fit in.
 */
const defaults: WorkerLimits = {
	workers: 3,
	runningOfCaller: 2,
	waitingOfCaller: 100,
	waiting: 200,
	patience: 30_000,
	idle: 60_000,
	memory: 700 * 2 ** 20,
	cpu: {},
};

/**
 * Heap size in MiB from which a worker prefers collecting garbage to growing; it is also the limit
 * at which it ends.
 */
const HEAP_MIB = 512;

/**
 * Runs a task in another process, in its caller's turn.
 *
 * @throws TRPCError UNPROCESSABLE_CONTENT when the text takes more time or memory than the task may
 * have, SERVICE_UNAVAILABLE when there are too many requests or the machine is too slow; whatever
 * the task itself throws
 */
export type RunTask = <Name extends TaskName>(
	name: Name,
	...input: Input<Name>
) => Promise<Output<Name>>;

/** A pool of processes that run tasks; they start when needed, and end when idle. */
export interface Workers {
	/** @param caller identifies the caller: no caller's tasks starve another's */
	runnerFor(caller: string): RunTask;
	/** Ends all processes; running and waiting tasks are refused. */
	close(): void;
}

interface Job {
	name: TaskName;
	caller: string;
	input: unknown[];
	hasBegun: boolean;
	settle(result: { output: unknown } | { error: unknown }): void;
}

interface Worker {
	child: ChildProcess;
	job?: Job | undefined;
	idleTimer?: NodeJS.Timeout | undefined;
}

export function openWorkers(
	log: Pick<FastifyBaseLogger, "warn">,
	options: Partial<WorkerLimits> = {},
): Workers {
	const limits = { ...defaults, ...options };
	const queue = makeFairQueue<Job>(limits);
	const workers = new Set<Worker>();
	/** The most recently used one is taken first, so that the others may end. */
	const idle: Worker[] = [];
	let isClosed = false;

	function dispatch(): void {
		while (!isClosed && (idle.length > 0 || workers.size < limits.workers)) {
			const job = queue.take();
			if (!job) return;
			begin(idle.pop() ?? start(), job);
		}
	}

	function begin(worker: Worker, job: Job): void {
		clearTimeout(worker.idleTimer);
		worker.job = job;
		const { name, input } = job;
		const cpu = limits.cpu[name] ?? tasks[name].cpuLimit;
		const request: Request = {
			name,
			input,
			limits: { cpu, memory: limits.memory },
		};
		// If it cannot be sent, the worker has ended, and its exit is handled below.
		worker.child.send(request, () => {});
	}

	function start(): Worker {
		const worker: Worker = { child: startProcess() };
		workers.add(worker);
		const { child } = worker;
		const end = (makeError: () => unknown) => {
			if (!workers.delete(worker)) return;
			const index = idle.indexOf(worker);
			if (index >= 0) idle.splice(index, 1);
			clearTimeout(worker.idleTimer);
			finish(worker, { error: makeError() });
			dispatch();
		};
		child
			.on("message", (reply: Reply) => hear(worker, reply))
			// It could not be started, or could not be ended.
			.on("error", (error) => end(() => error))
			.on("exit", (code, signal) => {
				const ended = () => end(() => endOf(worker.job, code, signal));
				// Messages sent before its end are handled first.
				if (child.connected) child.once("disconnect", ended);
				else ended();
			});
		return worker;
	}

	function hear(worker: Worker, reply: Reply): void {
		if (!worker.job) return;
		if (reply.kind === "began") {
			worker.job.hasBegun = true;
			return;
		}
		if (reply.kind === "failed") {
			finish(worker, { error: asRefusal(reply.error, worker.job) });
			// The state after a failure is unknown.
			worker.child.kill("SIGKILL");
			return;
		}
		finish(worker, { output: reply.output });
		if (reply.isWorn) {
			worker.child.kill("SIGKILL");
			return;
		}
		idle.push(worker);
		worker.idleTimer = setTimeout(() => {
			idle.splice(idle.indexOf(worker), 1);
			worker.child.kill("SIGKILL");
		}, limits.idle).unref();
		dispatch();
	}

	function finish(worker: Worker, result: Parameters<Job["settle"]>[0]): void {
		const { job } = worker;
		if (!job) return;
		worker.job = undefined;
		queue.done(job.caller);
		job.settle(result);
	}

	/** Drops a job that nobody is waiting for. */
	function giveUp(job: Job): void {
		const error = busy();
		if (queue.remove(job.caller, job)) {
			job.settle({ error });
			return;
		}
		for (const worker of workers) {
			if (worker.job !== job) continue;
			finish(worker, { error });
			worker.child.kill("SIGKILL");
		}
	}

	function add(caller: string, name: TaskName, input: unknown[]) {
		return new Promise<unknown>((resolve, reject) => {
			const job: Job = {
				name,
				caller,
				input,
				hasBegun: false,
				settle(result) {
					clearTimeout(timer);
					if ("output" in result) resolve(result.output);
					else reject(result.error);
				},
			};
			const timer = setTimeout(giveUp, limits.patience, job);
			const reason = isClosed ? "full" : queue.add(caller, job);
			if (reason) {
				job.settle({
					error: reason === "full" ? busy() : busyWithYours(limits),
				});
			} else dispatch();
		});
	}

	function startProcess(): ChildProcess {
		// The extension is .ts when run from sources, .js when run from the package.
		const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
		return fork(new URL(`../../worker${extension}`, import.meta.url), {
			// It reads what strangers wrote, so it gets no secrets and none of our start options.
			env: {},
			execArgv: [`--max-old-space-size=${HEAP_MIB}`],
			serialization: "advanced",
			stdio: ["ignore", "ignore", "ignore", "ipc"],
		});
	}

	function endOf(
		job: Job | undefined,
		code: number | null,
		signal: NodeJS.Signals | null,
	): unknown {
		if (!job) return undefined;
		const { name, hasBegun } = job;
		log.warn({ task: name, code, signal }, "a task ended its worker");
		if (!hasBegun) return new Error(`the worker did not start (${code})`);
		// Only the system sends this signal: the machine is out of memory.
		if (signal === "SIGKILL") return busy();
		return tooComplex(name);
	}

	return {
		runnerFor: (caller) =>
			((name, ...input) => add(caller, name, input)) as RunTask,
		close() {
			isClosed = true;
			for (const job of queue.clear()) job.settle({ error: busy() });
			for (const worker of workers) {
				finish(worker, { error: busy() });
				worker.child.kill("SIGKILL");
			}
		},
	};
}

/** Converts a worker's error to a refusal if the text is to blame. */
function asRefusal(error: unknown, { name }: Job): unknown {
	const isOfText = error instanceof RangeError && ofText.test(error.message);
	return isOfText ? tooComplex(name) : error;
}

/** V8's messages for nesting that is too deep, or a string that is too long. */
const ofText = /^(Maximum call stack size exceeded|Invalid string length)/;

/** Returns the 422 for a text that takes more time or memory than its task may have. */
export function tooComplex(name: TaskName): Refusal {
	return new Refusal("UNPROCESSABLE_CONTENT", tasks[name].refusal);
}

/** Returns the 503 for a busy service: the text is not to blame. */
function busy(): Refusal {
	return unavailable(
		"The service is busy with other reports at the moment. Nothing was done; try again in a few seconds.",
	);
}

function busyWithYours({ waitingOfCaller }: WorkerLimits): Refusal {
	return unavailable(
		`The service is busy with your other reports: ${waitingOfCaller} are already waiting. Nothing was done with this one; send it again when they have been answered.`,
	);
}
