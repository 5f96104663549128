import type { Readable, Writable } from "node:stream";
import type {
	JSONRPCMessage,
	RequestId,
	Transport,
} from "@modelcontextprotocol/server";
import { REPORT_BODY } from "../../core/body-limits.ts";

/** What a line holds: a message, or the answer to one that is refused. */
export type ReadLine =
	| { message: JSONRPCMessage }
	| { refusal: { id: RequestId | null; code: number; message: string } };

/** Messages as lines of JSON, in both directions (MCP, "stdio"). */
export interface LineTransport extends Transport {
	/** Receives nothing more, and waits until every call that was received has been answered. */
	finish(): Promise<void>;
}

const LINE_FEED = 0x0a;

/**
 * Creates the transport. Lines are read one after the other, and the sender waits meanwhile. Of a
 * line over 8 MiB nothing is kept.
 *
 * @param read reads one line without its end; undefined instead of one over 8 MiB
 */
export function openLineTransport(
	input: Readable,
	output: Writable,
	read: (line: Buffer | undefined) => Promise<ReadLine>,
): LineTransport {
	/** The calls that are not answered yet; a client may wrongly give several the same id. */
	const calls = new Map<RequestId, number>();
	let pieces: Buffer[] = [];
	let size = 0;
	let reading: Promise<void> = Promise.resolve();
	let isFinishing = false;
	let isClosed = false;
	let whenAnswered = () => {};

	const transport: LineTransport = {
		async start() {
			input.on("data", receive);
			input.on("error", fail);
			output.on("error", fail);
		},
		async send(message) {
			await write(message);
			if (!("method" in message) && message.id !== undefined)
				settle(message.id);
		},
		async finish() {
			isFinishing = true;
			input.pause();
			await reading;
			// The last line need not have an end.
			if (input.readableEnded && size > 0) await endLine().catch(fail);
			if (calls.size > 0 && !isClosed) {
				await new Promise<void>((resolve) => {
					whenAnswered = resolve;
				});
			}
		},
		async close() {
			if (isClosed) return;
			isClosed = true;
			input.off("data", receive);
			input.pause();
			whenAnswered();
			transport.onclose?.();
		},
	};

	function receive(chunk: Buffer): void {
		input.pause();
		reading = readLines(chunk)
			.catch(fail)
			.then(() => {
				if (!isFinishing && !isClosed) input.resume();
			});
	}

	async function readLines(chunk: Buffer): Promise<void> {
		let start = 0;
		for (;;) {
			const end = chunk.indexOf(LINE_FEED, start);
			keep(chunk.subarray(start, end < 0 ? chunk.length : end));
			if (end < 0 || isClosed) return;
			await endLine();
			start = end + 1;
		}
	}

	function keep(piece: Buffer): void {
		size += piece.length;
		if (size > REPORT_BODY) pieces = [];
		else pieces.push(piece);
	}

	async function endLine(): Promise<void> {
		const line = size > REPORT_BODY ? undefined : Buffer.concat(pieces);
		pieces = [];
		size = 0;
		if (line && isBlank(line)) return;
		const found = await read(line);
		if ("message" in found) {
			note(found.message);
			transport.onmessage?.(found.message);
			return;
		}
		const { id, ...error } = found.refusal;
		await write({ jsonrpc: "2.0", id, error });
	}

	/** Notes what has to be answered. */
	function note(message: JSONRPCMessage): void {
		if (!("method" in message)) return;
		if (message.method === "notifications/cancelled") {
			// The SDK does not answer a cancelled call.
			settle(message.params?.requestId as RequestId);
			return;
		}
		// A subscription is answered when it ends, and we end it.
		if (!("id" in message) || message.method === "subscriptions/listen") return;
		calls.set(message.id, (calls.get(message.id) ?? 0) + 1);
	}

	function settle(id: RequestId): void {
		const open = calls.get(id);
		if (open === undefined) return;
		if (open > 1) calls.set(id, open - 1);
		else calls.delete(id);
		if (calls.size === 0) whenAnswered();
	}

	function write(message: object): Promise<void> {
		return new Promise((resolve, reject) => {
			output.write(`${JSON.stringify(message)}\n`, (error) =>
				error ? reject(error) : resolve(),
			);
		});
	}

	function fail(error: Error): void {
		if (isClosed) return;
		transport.onerror?.(error);
		void transport.close();
	}

	return transport;
}

function isBlank(line: Buffer): boolean {
	return line.length < 100 && line.toString("latin1").trim() === "";
}
