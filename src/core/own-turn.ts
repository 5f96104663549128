import { setImmediate as nextTurn } from "node:timers/promises";

let last: Promise<unknown> = Promise.resolve();

/**
 * Waits until the event loop has a turn for the caller alone. Large answers that
 * become ready together would otherwise be written in one turn, and hold up
 * everybody else.
 */
export function ownTurn(): Promise<void> {
	const turn = last.then(() => nextTurn());
	last = turn;
	return turn;
}
