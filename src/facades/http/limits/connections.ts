import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";

/** Milliseconds that a connection may take for each of its steps. */
export interface Timeouts {
	/** From the connection or the last answer to the end of a request's headers. */
	headers: number;
	/** The same to the end of its body: 8 MiB at 1 Mbit/s. */
	request: number;
	/** Open without a request after an answer; longer than the minute that proxies usually keep theirs. */
	keepAlive: number;
	/** Without a byte in either direction, whatever it is doing. */
	silence: number;
	/** Between two looks for connections that are past their time. */
	interval: number;
}

const defaults: Timeouts = {
	headers: 15_000,
	request: 60_000,
	keepAlive: 72_000,
	silence: 120_000,
	interval: 5_000,
};

/**
 * Fastify's options that end a connection which sends nothing, or its request
 * byte by byte, to keep others from being answered.
 */
export function connectionOptions(
	log: FastifyBaseLogger,
	timeouts: Partial<Timeouts> = {},
) {
	const { headers, request, keepAlive, silence, interval } = {
		...defaults,
		...timeouts,
	};
	return {
		connectionTimeout: silence,
		keepAliveTimeout: keepAlive,
		requestTimeout: request,
		http: {
			headersTimeout: headers,
			connectionsCheckingInterval: interval,
			// Node's own refusal of a missing Host has no body; ours has words.
			requireHostHeader: false,
		},
		clientErrorHandler: (error: Error & { code?: string }, socket: Socket) =>
			answerUnreadable(error, socket, log),
	};
}

/** Milliseconds between two lines in the log about connections that were closed. */
const WARNING_INTERVAL = 60_000;

/** Closes connections beyond the limit as they come, with a line in the log once a minute. */
export function limitConnections(app: FastifyInstance, limit: number): void {
	let warnedAt = 0;
	app.server.maxConnections = limit;
	app.server.on("drop", () => {
		if (Date.now() - warnedAt < WARNING_INTERVAL) return;
		warnedAt = Date.now();
		app.log.warn(
			{ limit },
			"there are as many connections as MAX_CONNECTIONS allows: further ones are closed",
		);
	});
}

const unreadable: Record<
	string,
	[status: number, title: string, detail: string]
> = {
	HPE_HEADER_OVERFLOW: [
		431,
		"Request Header Fields Too Large",
		"The request's headers are too large.",
	],
	ERR_HTTP_REQUEST_TIMEOUT: [
		408,
		"Request Timeout",
		"The request did not arrive in time. Send it again, whole.",
	],
};

/** Bytes that are no HTTP request, or one that is too large or too slow: no request object exists yet. */
function answerUnreadable(
	error: Error & { code?: string },
	socket: Socket,
	log: FastifyBaseLogger,
): void {
	if (!socket.writable) return;
	const problem = unreadableProblem(error.code, randomUUID());
	const { status, title, request_id } = problem;
	// Never the error itself, which holds the bytes.
	log.info({ request_id, status, reason: error.code }, "unreadable request");
	const body = JSON.stringify(problem);
	socket.end(
		`HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nX-Request-Id: ${request_id}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
	);
}

/**
 * RFC 9457 body of an error about bytes that are no HTTP request, or one that is too large or too slow.
 *
 * @param code Node's name for it
 */
export function unreadableProblem(
	code: string | undefined,
	request_id: string,
) {
	const [status, title, detail] = unreadable[code ?? ""] ?? [
		400,
		"Bad Request",
		"The request is not valid HTTP.",
	];
	return {
		type: "about:blank",
		title,
		status,
		detail,
		instance: "",
		code: status === 408 ? "TIMEOUT" : "BAD_REQUEST",
		request_id,
	};
}
