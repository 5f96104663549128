/**
 * Measures how long this thread's event loop is held: the CPU time between two
 * of its turns, which a busy machine does not add to.
 *
 * @returns a function that stops and returns the longest hold in milliseconds
 */
export function watchLoop(): () => number {
	let longest = 0;
	let before = process.threadCpuUsage();
	const look = () => {
		const { user, system } = process.threadCpuUsage(before);
		longest = Math.max(longest, (user + system) / 1000);
		before = process.threadCpuUsage();
	};
	const timer = setInterval(look, 2);
	return () => {
		clearInterval(timer);
		look();
		return longest;
	};
}

/**
 * Returns the shortest of the longest holds in several attempts: what the text
 * causes recurs every time, compilation and garbage collection do not.
 */
export async function holdOf(act: () => Promise<unknown>): Promise<number> {
	let least = Number.POSITIVE_INFINITY;
	for (let attempt = 0; attempt < 3 && least >= 50; attempt += 1) {
		const stop = watchLoop();
		await act();
		least = Math.min(least, stop());
	}
	return least;
}
