import pg from "pg";
import {
	type DestinationStream,
	type Logger,
	pino,
	stdSerializers,
} from "pino";
import pretty from "pino-pretty";

/**
 * The service's log: JSON lines, or readable lines on a terminal. Report
 * content and e-mail addresses never reach it.
 *
 * @param level pino's level
 * @param to file descriptor: 1, or 2 where standard output is a protocol
 */
export function createLogger(level: string, to: 1 | 2): Logger {
	const isTerminal = (to === 1 ? process.stdout : process.stderr).isTTY;
	const destination: DestinationStream = isTerminal
		? pretty({ destination: to, ignore: "pid,hostname", singleLine: true })
		: writeTogether(to);
	return pino({ level, serializers }, destination);
}

/** Milliseconds that a line of the log may wait for others. */
const PATIENCE = 20;

/**
 * Writes lines together that come shortly after each other: a busy service
 * would pay more for handing over each than for making it. They are written
 * on this thread: what another thread still holds when the process ends is
 * lost.
 */
function writeTogether(to: 1 | 2): DestinationStream {
	let lines = "";
	const file = pino.destination({ dest: to, sync: true });
	const hand = () => {
		if (lines !== "") file.write(lines);
		lines = "";
	};
	process.once("exit", hand);
	return {
		write(line) {
			if (lines === "") setTimeout(hand, PATIENCE).unref();
			lines += line;
		},
	};
}

/** How errors are written down. */
export const serializers = { err: serializeError };

/**
 * An error without what it may carry of its query: PostgreSQL puts rows into
 * `detail`, and values into the message of a data exception (class 22).
 */
function serializeError(error: Error): unknown {
	if (!(error instanceof pg.DatabaseError)) return stdSerializers.err(error);
	const { code, constraint, table, stack } = error;
	const isAboutValues = code?.startsWith("22");
	return {
		type: "DatabaseError",
		message: isAboutValues ? "(a value was refused)" : error.message,
		code,
		constraint,
		table,
		stack: isAboutValues ? undefined : stack,
	};
}
