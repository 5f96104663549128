const WIDTH = 40;

/** How far something is, for a terminal: a line that takes its own place until all is done. */
export function progressBar(done: number, total: number): string {
	const filled = Math.floor((done / total) * WIDTH);
	const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
	return `\r${bar} ${done}/${total}${done === total ? "\n" : ""}`;
}
