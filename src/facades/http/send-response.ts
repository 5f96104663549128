import type { FastifyReply } from "fastify";

/**
 * Sends what a library answered in the shape of fetch: JSON whole and with its
 * length, which costs less than a stream. What is sent piece by piece stays one.
 *
 * @param rewrite what is to be done to JSON before
 */
export async function sendResponse(
	response: Response,
	reply: FastifyReply,
	rewrite?: (json: string) => string,
): Promise<FastifyReply> {
	const { headers, status } = response;
	if (
		headers.has("transfer-encoding") ||
		headers.get("content-type") !== "application/json"
	) {
		return reply.send(response);
	}
	headers.forEach((value, name) => {
		reply.header(name, value);
	});
	return reply
		.code(status)
		.send(
			rewrite
				? rewrite(await response.text())
				: Buffer.from(await response.arrayBuffer()),
		);
}
