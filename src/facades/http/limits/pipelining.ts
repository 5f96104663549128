import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Maximum number of concurrent requests on one connection; ordinary clients
 * wait for the answers before they send more.
 */
const MOST = 16;

/**
 * Closes a connection that sends many requests without waiting for their
 * answers (pipelining, RFC 9112, section 9.3.2). Node starts all that have
 * arrived in one turn of the event loop, and nobody else is answered during it.
 *
 * @param server newly created, with its one request listener
 */
export function limitPipelining(server: Server): void {
	const [answer] = server.listeners("request");
	if (!answer) throw new Error("the server has no request listener");
	const underWay = new WeakMap<Socket, number>();
	server.off("request", answer as () => void);
	server.on("request", (request, response) => {
		const { socket } = request;
		const before = underWay.get(socket) ?? 0;
		if (before >= MOST) {
			socket.destroy();
			return;
		}
		underWay.set(socket, before + 1);
		response.once("close", () => {
			underWay.set(socket, (underWay.get(socket) ?? 1) - 1);
		});
		answer.call(server, request, response);
	});
}
