const WIDTH = 40;

/** Returns a progress line for a terminal; it overwrites itself until everything is done. */
export function progressBar(done: number, total: number): string {
	const filled = Math.floor((done / total) * WIDTH);
	const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
	return `\r${bar} ${done}/${total}${done === total ? "\n" : ""}`;
}
