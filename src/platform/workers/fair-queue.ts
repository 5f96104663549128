/** How much waits and runs at the same time. */
export interface QueueLimits {
	/** Items of one caller that run at once. */
	runningOfCaller: number;
	/** Items of one caller that wait, and of all together. */
	waitingOfCaller: number;
	waiting: number;
}

/**
 * A queue in which nobody's items starve another's: each caller has a queue of
 * its own, and who has the least running is served next; among equals, who was
 * served longest ago.
 */
export function makeFairQueue<Item>(limits: QueueLimits) {
	const queues = new Map<string, Item[]>();
	const running = new Map<string, number>();
	let size = 0;

	const runningOf = (caller: string) => running.get(caller) ?? 0;

	return {
		/** @returns why it may not wait, if so: too much does, of all or of this caller */
		add(caller: string, item: Item): "full" | "full of yours" | undefined {
			const queue = queues.get(caller) ?? [];
			if (queue.length >= limits.waitingOfCaller) return "full of yours";
			if (size >= limits.waiting) return "full";
			queue.push(item);
			queues.set(caller, queue);
			size += 1;
		},

		/** Takes out who is next; it counts as running until it is `done`. */
		take(): Item | undefined {
			let next: string | undefined;
			for (const caller of queues.keys()) {
				if (runningOf(caller) >= limits.runningOfCaller) continue;
				if (next === undefined || runningOf(caller) < runningOf(next)) {
					next = caller;
				}
			}
			if (next === undefined) return undefined;
			const queue = queues.get(next) ?? [];
			const item = queue.shift();
			// Behind the others: a map keeps the order in which it was filled.
			queues.delete(next);
			if (queue.length > 0) queues.set(next, queue);
			running.set(next, runningOf(next) + 1);
			size -= 1;
			return item;
		},

		done(caller: string): void {
			const left = runningOf(caller) - 1;
			if (left > 0) running.set(caller, left);
			else running.delete(caller);
		},

		/** Takes out all that waits. */
		clear(): Item[] {
			const all = [...queues.values()].flat();
			queues.clear();
			size = 0;
			return all;
		},

		/** Takes out what waits no longer; `false` when it does not wait. */
		remove(caller: string, item: Item): boolean {
			const queue = queues.get(caller) ?? [];
			const index = queue.indexOf(item);
			if (index < 0) return false;
			queue.splice(index, 1);
			if (queue.length === 0) queues.delete(caller);
			size -= 1;
			return true;
		},
	};
}
