import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { TestService } from "./helpers.ts";

/**
 * Opens a connection to a listening service; it is closed when the test ends.
 *
 * @param localAddress where it comes from: another address of this machine
 */
export async function openSocket(
	service: TestService,
	localAddress = "127.0.0.1",
): Promise<Socket> {
	const { port } = service.app.server.address() as { port: number };
	const socket = connect({ port, host: "127.0.0.1", localAddress });
	socket.on("error", () => {});
	onTestFinished(() => void socket.destroy());
	await once(socket, "connect");
	return socket;
}
