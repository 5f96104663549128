import { progressBar } from "../src/core/progress-bar.ts";

let shown = "";

/** A progress bar on standard error; without a terminal a line for every tenth. */
export function showProgress(done: number, total: number): void {
	const tenths = Math.floor((10 * done) / total);
	const line = process.stderr.isTTY
		? progressBar(done, total)
		: `${tenths * 10} % of ${total}\n`;
	if (line === shown) return;
	shown = line;
	process.stderr.write(line);
}
