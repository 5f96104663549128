import type { Piscina } from "piscina";
import { openThreads } from "../../open-threads.ts";
import type { Tasks } from "./worker.ts";

/** Milliseconds after which a task is given up, waiting included. Somebody waits for a page, and for a file. */
const timeLimits: Record<keyof Tasks, number> = {
	renderMarkdown: 4_000,
	compareTexts: 4_000,
	typesetReport: 20_000,
};

/** Runs tasks whose time nobody knows beforehand on threads of their own, within a limit. */
export interface Background {
	/**
	 * @returns the task's result, or `undefined` when it failed or took too long:
	 *   the text was made to break it, or the machine is busy
	 */
	run<Name extends keyof Tasks>(
		name: Name,
		...input: Parameters<Tasks[Name]>
	): Promise<Awaited<ReturnType<Tasks[Name]>> | undefined>;
	close(): Promise<void>;
}

/** @param onFailure hears why a task gave no result */
export function openBackground(
	onFailure: (error: unknown, name: string) => void,
): Background {
	let pool: Piscina | undefined;
	return {
		async run(name, ...input) {
			pool ??= openThreads(import.meta.url, {
				maxQueue: 50,
				resourceLimits: {
					maxOldGenerationSizeMb: 512,
					maxYoungGenerationSizeMb: 32,
				},
			});
			try {
				return await pool.run(
					{ name, input },
					{ signal: AbortSignal.timeout(timeLimits[name]) },
				);
			} catch (error) {
				onFailure(error, name);
				return undefined;
			}
		},
		async close() {
			await pool?.destroy();
		},
	};
}
