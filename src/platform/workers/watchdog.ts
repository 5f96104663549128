/**
 * The thread that ends its process when the task exceeds its limits. The task itself could not: it
 * blocks its thread for as long as it runs.
 */
import { workerData } from "node:worker_threads";
import { OVER_LIMIT } from "./messages.ts";

/** Milliseconds between two checks. */
const INTERVAL = 20;

/**
 * Limits at which the process ends: CPU time in milliseconds, and memory in MiB; 0 while no task
 * runs.
 */
const limits = new Int32Array(workerData as SharedArrayBuffer);

for (;;) {
	const cpu = Atomics.load(limits, 0);
	if (cpu === 0) {
		Atomics.wait(limits, 0, 0);
		continue;
	}
	const memory = Atomics.load(limits, 1);
	const { user, system } = process.cpuUsage();
	if (
		(user + system) / 1000 >= cpu ||
		process.memoryUsage.rss() / 2 ** 20 >= memory
	) {
		process.kill(process.pid, OVER_LIMIT);
	}
	Atomics.wait(limits, 0, cpu, INTERVAL);
}
