import type { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { bodyTooLarge } from "../../core/body-limits.ts";
import { clientAddress, networkOf } from "../../core/client-address.ts";
import { Refusal } from "../../core/errors.ts";
import { personOf } from "../../core/person-of.ts";
import type {
	UnfinishedBodies,
	UnfinishedBody,
} from "./limits/unfinished-bodies.ts";

/**
 * Receives a body and passes it on whole.
 *
 * @param payload the body as it arrives, already decompressed
 * @param limit maximum size in bytes
 * @param use processes the body; its memory counts until this is done
 * @throws TRPCError PAYLOAD_TOO_LARGE, BAD_REQUEST where the body breaks off,
 *   TOO_MANY_REQUESTS and SERVICE_UNAVAILABLE as `UnfinishedBodies` gives them
 */
export async function receiveBody<Result>(
	request: FastifyRequest,
	payload: Readable,
	limit: number,
	bodies: UnfinishedBodies,
	use: (body: Buffer) => Result | Promise<Result>,
): Promise<Result> {
	const { promise: refused, reject } = Promise.withResolvers<never>();
	const body = bodies.begin(holderOf(request), reject);
	try {
		const received = receive(request, payload, limit, body);
		const bytes = await Promise.race([received.promise, refused]).finally(
			received.stop,
		);
		body.complete();
		return await use(bytes);
	} finally {
		body.release();
	}
}

function receive(
	{ headers, socket }: FastifyRequest,
	payload: Readable & { receivedEncodedLength?: number },
	limit: number,
	body: UnfinishedBody,
): { promise: Promise<Buffer>; stop(): void } {
	const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
	const announced = Number(headers["content-length"]);
	const chunks: Buffer[] = [];
	let length = 0;
	let isGivenUp = false;
	const onData = (chunk: Buffer) => {
		// Many more may have arrived in the same turn of the event loop.
		if (isGivenUp) return;
		length += chunk.length;
		if (length > limit) return reject(bodyTooLarge(limit));
		if (chunks.length > FREE_PIECES + length / SMALLEST_PIECE) {
			// Without an answer: reading the rest would cost what this is meant to save.
			isGivenUp = true;
			socket.destroy();
			return reject(tooManyPieces());
		}
		body.grow(length);
		chunks.push(chunk);
	};
	const onEnd = () => {
		const sent = payload.receivedEncodedLength ?? length;
		if (!Number.isNaN(announced) && sent !== announced) reject(brokenOff());
		else resolve(Buffer.concat(chunks, length));
	};
	const onBreak = () => reject(brokenOff());
	if (announced > limit) reject(bodyTooLarge(limit));
	else if (announced > 0) body.grow(announced);
	payload.on("data", onData).on("end", onEnd);
	payload.on("error", onBreak).on("close", onBreak);
	return {
		promise,
		stop() {
			payload.off("data", onData).off("end", onEnd).off("close", onBreak);
			// An error may still follow, from a connection closed in the middle.
			chunks.length = 0;
			payload.resume();
		},
	};
}

/** The number of chunks any body may arrive in, and the minimum average size in bytes of further ones. */
const FREE_PIECES = 1_000;
const SMALLEST_PIECE = 64;

function tooManyPieces(): Refusal {
	return new Refusal(
		"BAD_REQUEST",
		"The request body arrives in too many small pieces. Send it in larger chunks, or with Content-Length.",
	);
}

/** Returns who a body counts for: an identified caller wherever they are, everybody else by their address. */
export function holderOf(request: FastifyRequest): string {
	const person = personOf(request.identity);
	return person ? `=${person.subject}` : networkOf(clientAddress(request));
}

function brokenOff(): Refusal {
	return new Refusal(
		"BAD_REQUEST",
		"The length of the request body differs from Content-Length.",
	);
}
