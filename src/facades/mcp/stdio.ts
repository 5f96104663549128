import {
	type JSONRPCMessage,
	ProtocolErrorCode,
	parseJSONRPCMessage,
} from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import {
	bodyTooLarge,
	REPORT_BODY,
	SMALL_BODY,
} from "../../core/body-limits.ts";
import { INVALID_JSON } from "../../core/errors.ts";
import { type Parsed, parseJson, restoreTexts } from "../../core/json-parse.ts";
import { RESERVED_KEY } from "../../core/json-reserved.ts";
import { reportError } from "../../core/public-error.ts";
import type { Context } from "../../procedure.ts";
import { buildMcpServer } from "./build-server.ts";
import { openLineTransport, type ReadLine } from "./line-transport.ts";
import { findMessageId } from "./message-id.ts";
import { wanted, withShortUris } from "./messages.ts";

/**
 * Serves MCP over standard input and output until the client closes them. Messages have the limits
 * that they have over HTTP; what is refused is answered with an error of JSON-RPC.
 *
 * @param context the caller at the start, who decides what is listed
 * @param identify identifies the caller again, for every call
 * @returns `close`, which first answers the calls that were received
 */
export function serveMcpStdio(
	context: Context,
	identify: () => Promise<Pick<Context, "identity" | "refusal">>,
): { close(): Promise<void> } {
	const now = async () => ({ ...context, ...(await identify()) });
	const transport = openLineTransport(process.stdin, process.stdout, (line) =>
		readLine(line, context),
	);
	const served = serveStdio(() => buildMcpServer(context, { now }), {
		transport,
		onerror: (error) => context.log.warn({ err: error }, "MCP message refused"),
	});
	return {
		async close() {
			await transport.finish();
			await served.close();
		},
	};
}

const { ParseError, InvalidRequest, InternalError } = ProtocolErrorCode;

async function readLine(
	line: Buffer | undefined,
	{ log, runTask }: Pick<Context, "log" | "runTask">,
): Promise<ReadLine> {
	const refuse = (code: number, message: string): ReadLine => {
		log.warn({ reason: message }, "MCP message refused");
		// What is not JSON has no id (JSON-RPC 2.0, section 5).
		const id = line && message !== INVALID_JSON ? findMessageId(line) : null;
		return { refusal: { id, code, message } };
	};
	if (!line) return refuse(InvalidRequest, bodyTooLarge(REPORT_BODY).message);
	let parsed: Parsed;
	try {
		parsed =
			line.length <= SMALL_BODY
				? parseJson(line, wanted)
				: await runTask("parseJson", line, wanted);
	} catch (error) {
		const { detail, isUnexpected } = reportError(error, log);
		return refuse(isUnexpected ? InternalError : InvalidRequest, detail);
	}
	if ("code" in parsed) {
		const { code, message } = parsed;
		const isParsed = code !== "BAD_REQUEST" || message === RESERVED_KEY;
		return refuse(isParsed ? InvalidRequest : ParseError, message);
	}
	const value = restoreTexts(parsed);
	if (Array.isArray(value)) return refuse(InvalidRequest, NO_BATCHES);
	const message = asMessage(withShortUris(value));
	return message ? { message } : refuse(InvalidRequest, NO_MESSAGE);
}

function asMessage(value: unknown): JSONRPCMessage | undefined {
	try {
		return parseJSONRPCMessage(value);
	} catch {
		return undefined;
	}
}

const NO_BATCHES =
	"Batches are not accepted over standard input. Send each message on a line of its own.";

const NO_MESSAGE =
	'This is not a message of JSON-RPC 2.0. Send an object with "jsonrpc": "2.0", "method" and, unless it is a notification, "id".';
