import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";

/** How long each step of a connection may take, in milliseconds. */
export interface Timeouts {
	/** From the connection or the last answer to the end of a request's headers. */
	headers: number;
	/** From the connection or the last answer to the end of a request's body: 8 MiB at 1 Mbit/s. */
	request: number;
	/** Idle after an answer; longer than the minute that proxies usually keep their connections. */
	keepAlive: number;
	/** Without a byte in either direction, whatever the connection is doing. */
	silence: number;
	/** Between two checks for connections that have timed out. */
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
 * Returns Fastify's options that end a connection which sends nothing, or sends
 * its request byte by byte, to keep others from being answered.
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
			// Node's own refusal of a missing Host has no body; ours explains it.
			requireHostHeader: false,
		},
		clientErrorHandler: (error: Error & { code?: string }, socket: Socket) =>
			answerUnreadable(error, socket, log),
	};
}

/** Milliseconds between two log lines about closed connections. */
const WARNING_INTERVAL = 60_000;

/** Closes new connections beyond the limit, and logs it once a minute. */
export function limitConnections(app: FastifyInstance, limit: number): void {
	let warnedAt = 0;
	app.server.maxConnections = limit;
	app.server.on("drop", () => {
		if (Date.now() - warnedAt < WARNING_INTERVAL) return;
		warnedAt = Date.now();
		app.log.warn(
			{ limit },
			"MAX_CONNECTIONS is reached: further connections are closed",
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
		"The request did not arrive in time. Send it again.",
	],
};

/**
 * Answers bytes that are not an HTTP request, or a request that is too large or
 * too slow: no request object exists yet.
 */
function answerUnreadable(
	error: Error & { code?: string },
	socket: Socket,
	log: FastifyBaseLogger,
): void {
	if (!socket.writable) return;
	const problem = unreadableProblem(error.code, randomUUID());
	const { status, title, request_id } = problem;
	// Never log the error itself: it contains the bytes.
	log.info({ request_id, status, reason: error.code }, "unreadable request");
	const body = JSON.stringify(problem);
	socket.end(
		`HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\nX-Request-Id: ${request_id}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
	);
}

/**
 * Returns the RFC 9457 body of the error for bytes that are not an HTTP
 * request, or for a request that is too large or too slow.
 *
 * @param code Node's error code
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
