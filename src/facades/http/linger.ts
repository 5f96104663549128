import type { FastifyInstance } from "fastify";

/** Milliseconds in which a client may send the rest of a body that has been refused. */
const PATIENCE = 2_000;

/**
 * Lets clients read why a body was refused before all of it has arrived.
 * Closing the connection at once would discard the answer together with
 * whatever is still on its way (RFC 9112, section 9.6). The rest of the body is
 * read and dropped.
 */
export function lingerAfterRefusal(app: FastifyInstance): void {
	app.addHook("onSend", (request, reply, payload, done) => {
		if (reply.statusCode >= 400 && request.raw.complete === false) {
			reply.removeHeader("connection");
			reply.raw.once("finish", () => {
				// No listener on the connection, which may serve many more requests.
				setTimeout(() => {
					if (!request.raw.complete) request.socket.destroy();
				}, PATIENCE).unref();
			});
		}
		done(null, payload);
	});
}
