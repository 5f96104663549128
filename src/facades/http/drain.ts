import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/**
 * Lets `app.close()` finish as soon as the running requests have.
 *
 * Node waits for every connection. Without this, a connection that a client
 * keeps open after its answer, or opened and never used, would delay a shutdown
 * for as long as the client likes.
 */
export function drainOnClose(app: FastifyInstance): void {
	let isClosing = false;
	const unused = new Set<Socket>();
	app.server.on("connection", (socket) => {
		unused.add(socket);
		socket.once("close", () => unused.delete(socket));
	});
	app.server.on("request", ({ socket }) => unused.delete(socket));
	app.addHook("preClose", async () => {
		isClosing = true;
		for (const socket of unused) socket.destroy();
	});
	app.addHook("onSend", (_request, reply, payload, done) => {
		if (isClosing) reply.header("connection", "close");
		done(null, payload);
	});
}
