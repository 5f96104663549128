import type { FastifyReply, FastifyRequest } from "fastify";
import { tooManyRequests } from "../../core/errors.ts";
import { holderOf } from "../http/receive-body.ts";

/** Maximum number of streams that one person may have open at once. */
const MAX_STREAMS = 8;

/** Milliseconds between two checks whether the owner of a stream may still have it. */
const CHECK_INTERVAL = 5_000;

/** Keeps track of the answers that stay open. */
export interface Streams {
	/**
	 * Counts an answer that is a stream until it ends, and ends it soon after its
	 * token stops being valid: revoked, expired, or no longer accepted. Other
	 * answers are left alone.
	 *
	 * @param end ends the stream
	 * @throws TRPCError TOO_MANY_REQUESTS where its person has too many
	 */
	admit(
		request: FastifyRequest,
		reply: FastifyReply,
		response: Response,
		end: () => void,
	): void;
}

/**
 * Creates the account of open streams.
 *
 * @param isStillKnown whether the credentials of a request would still be
 *   accepted
 * @param interval milliseconds between two checks
 */
export function keepStreams(
	isStillKnown: (request: FastifyRequest) => Promise<boolean>,
	interval = CHECK_INTERVAL,
): Streams {
	const open = new Map<string, number>();
	return {
		admit(request, reply, { headers }, end) {
			if (!headers.get("content-type")?.startsWith("text/event-stream")) return;
			const holder = holderOf(request);
			const before = open.get(holder) ?? 0;
			if (before >= MAX_STREAMS) {
				end();
				throw tooManyStreams();
			}
			open.set(holder, before + 1);
			const checking = setInterval(() => {
				isStillKnown(request).then(
					(isKnown) => !isKnown && end(),
					(error) => request.log.warn({ err: error }, "a stream goes on"),
				);
			}, interval);
			checking.unref();
			reply.raw.once("close", () => {
				clearInterval(checking);
				const left = (open.get(holder) ?? 0) - 1;
				if (left > 0) open.set(holder, left);
				else open.delete(holder);
			});
		},
	};
}

function tooManyStreams(): Error {
	return tooManyRequests(
		`You have ${MAX_STREAMS} streams open already, the maximum for one person. Close one of them first.`,
		5,
	);
}
