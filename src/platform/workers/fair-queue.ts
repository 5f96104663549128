/** Limits on what waits and runs at the same time. */
export interface QueueLimits {
	/** Items of one caller that run at once. */
	runningOfCaller: number;
	/** Items that wait, of one caller and of all together. */
	waitingOfCaller: number;
	waiting: number;
}

/**
 * Creates a queue in which no caller starves another: each caller has a queue of its own, and the
 * one with the fewest running items is served next; among equals, the one served least recently.
 */
export function makeFairQueue<Item>(limits: QueueLimits) {
	const queues = new Map<string, Item[]>();
	const running = new Map<string, number>();
	let size = 0;

	const runningOf = (caller: string) => running.get(caller) ?? 0;

	return {
		/** @returns why it may not wait, if so: the queue is full, in total or for this caller */
		add(caller: string, item: Item): "full" | "full of yours" | undefined {
			const queue = queues.get(caller) ?? [];
			if (queue.length >= limits.waitingOfCaller) return "full of yours";
			if (size >= limits.waiting) return "full";
			queue.push(item);
			queues.set(caller, queue);
			size += 1;
		},

		/** Removes and returns the next item; it counts as running until it is `done`. */
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
			// Moves it behind the others: a map keeps its insertion order.
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

		/** Removes and returns all waiting items. */
		clear(): Item[] {
			const all = [...queues.values()].flat();
			queues.clear();
			size = 0;
			return all;
		},

		/** Removes a waiting item; returns `false` when it is not waiting. */
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
