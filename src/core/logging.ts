import { createRequire } from "node:module";
import pg from "pg";
import {
	type DestinationStream,
	type Logger,
	pino,
	stdSerializers,
} from "pino";
import type pinoPretty from "pino-pretty";

/**
 * Creates the service's log: JSON lines, or readable lines on a terminal. Report content and e-mail
 * addresses never reach it.
 *
 * @param level pino's level
 * @param to file descriptor: 1, or 2 where standard output carries a protocol
 */
export function createLogger(level: string, to: 1 | 2): Logger {
	const isTerminal = (to === 1 ? process.stdout : process.stderr).isTTY;
	return pino(
		{ level, serializers },
		isTerminal ? writeReadably(to) : writeTogether(to),
	);
}

/** The formatter is loaded only where somebody reads the lines. */
function writeReadably(to: 1 | 2): DestinationStream {
	const pretty: typeof pinoPretty = createRequire(import.meta.url)(
		"pino-pretty",
	);
	return pretty({ destination: to, ignore: "pid,hostname", singleLine: true });
}

/** Milliseconds that a log line may wait to be written with others. */
const PATIENCE = 20;

/** Maximum bytes of unread log lines; further lines are dropped. */
const MOST_UNREAD = 16 * 1024 * 1024;

/**
 * Writes log lines that come shortly after each other together: for a busy service, handing over
 * each line would cost more than making it. A slow or absent reader delays neither the service nor
 * its shutdown.
 */
function writeTogether(to: 1 | 2): DestinationStream {
	const stream = to === 1 ? process.stdout : process.stderr;
	// The reader is gone, and there is nowhere to report it.
	stream.on("error", () => {});
	let lines = "";
	let isEnding = false;
	const hand = () => {
		if (lines !== "" && stream.writableLength < MOST_UNREAD) {
			stream.write(lines);
		}
		lines = "";
	};
	process.once("exit", () => {
		isEnding = true;
		hand();
	});
	return {
		write(line) {
			if (lines === "") setTimeout(hand, PATIENCE).unref();
			lines += line;
			if (isEnding) hand();
		},
	};
}

/** Serialises errors for the log. */
export const serializers = { err: serializeError };

/**
 * Serialises an error without the parts of its query that it may contain: PostgreSQL puts rows into
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
