import { type Readable, Transform } from "node:stream";
import {
	type JSONRPCMessage,
	ProtocolErrorCode,
} from "@modelcontextprotocol/server";
import {
	StdioServerTransport,
	serveStdio,
} from "@modelcontextprotocol/server/stdio";
import { holdsReservedKey, RESERVED_KEY } from "../../core/json-reserved.ts";
import type { Context } from "../../procedure.ts";
import { buildMcpServer } from "./build-server.ts";

/**
 * Serves MCP over standard input and output until the client closes them.
 *
 * @param context the caller at the start, who decides what is listed
 * @param identify identifies the caller again, for every call
 */
export function serveMcpStdio(
	context: Context,
	identify: () => Promise<Pick<Context, "identity" | "refusal">>,
): { close(): Promise<void> } {
	const now = async () => ({ ...context, ...(await identify()) });
	const transport = new StdioServerTransport(withoutMark(process.stdin));
	const served = serveStdio(() => buildMcpServer(context, { now }), {
		transport,
		onerror: (error) => context.log.warn({ err: error }, "MCP message refused"),
	});
	refuseReserved(transport);
	return served;
}

/** The UTF-8 byte order mark, which some programs write before their first message. */
const MARK = Buffer.from("\uFEFF");

/** Returns the same bytes without a leading byte order mark. */
function withoutMark(input: Readable): Readable {
	let start: Buffer | undefined = Buffer.alloc(0);
	const pass = new Transform({
		transform(chunk: Buffer, _encoding, done) {
			if (!start) return done(null, chunk);
			start = Buffer.concat([start, chunk]);
			const isShort = start.length < MARK.length;
			if (isShort && MARK.indexOf(start) === 0) return done();
			const isMarked = start.indexOf(MARK) === 0;
			const rest = isMarked ? start.subarray(MARK.length) : start;
			start = undefined;
			done(null, rest);
		},
	});
	input.on("error", (error) => pass.destroy(error));
	return input.pipe(pass);
}

/** Refuses reserved names; over HTTP the body reader does this. */
function refuseReserved(transport: StdioServerTransport): void {
	const { onmessage } = transport;
	transport.onmessage = (message: JSONRPCMessage) => {
		if (!holdsReservedKey(message)) return onmessage?.(message);
		if (!("id" in message) || message.id === undefined) return;
		const code = ProtocolErrorCode.InvalidRequest;
		void transport.send({
			jsonrpc: "2.0",
			id: message.id,
			error: { code, message: RESERVED_KEY },
		});
	};
}
