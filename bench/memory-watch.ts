/**
 * Loaded into a server that is measured (`node --expose-gc --import`): SIGUSR2
 * has it collect its garbage and write what is left to MEMORY_FILE, in bytes.
 */
import { renameSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const file = process.env.MEMORY_FILE;

if (isMainThread && file) {
	process.on("SIGUSR2", () => {
		globalThis.gc?.();
		const { rss, heapUsed, external } = process.memoryUsage();
		// Whole at any moment that somebody reads it.
		writeFileSync(`${file}.new`, JSON.stringify({ rss, heapUsed, external }));
		renameSync(`${file}.new`, file);
	});
}
