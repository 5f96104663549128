let shown = "";

/** A progress bar on standard error; without a terminal a line for every tenth. */
export function showProgress(done: number, total: number): void {
	const { isTTY } = process.stderr;
	const percent = Math.floor((100 * done) / total);
	const bar =
		"█".repeat(Math.floor(percent / 2.5)) +
		"░".repeat(40 - Math.floor(percent / 2.5));
	const line = isTTY
		? `\r${bar} ${done}/${total}${done >= total ? "\n" : ""}`
		: `${Math.floor(percent / 10) * 10} % of ${total}\n`;
	if (line === shown) return;
	shown = line;
	process.stderr.write(line);
}
