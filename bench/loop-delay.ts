/**
 * Loaded into a server that is measured (`node --import`): SIGUSR2 starts to
 * watch how long its event loop is held, and a second one writes the result to
 * LOOP_DELAY_FILE, in milliseconds.
 */
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

/** Milliseconds between two looks; that long a delay is none. */
const RESOLUTION = 5;

if (isMainThread) {
	const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
	let isWatching = false;
	process.on("SIGUSR2", () => {
		isWatching = !isWatching;
		if (isWatching) {
			histogram.reset();
			histogram.enable();
			return;
		}
		histogram.disable();
		const milliseconds = (nanoseconds: number) =>
			Math.max(0, Math.round(nanoseconds / 1e5) / 10 - RESOLUTION);
		writeFileSync(
			process.env.LOOP_DELAY_FILE ?? "loop-delay.json",
			JSON.stringify({
				p50: milliseconds(histogram.percentile(50)),
				p99: milliseconds(histogram.percentile(99)),
				max: milliseconds(histogram.max),
			}),
		);
	});
}
