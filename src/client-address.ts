import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";

/** `192.0.2.1:5678`, `[2001:db8::1]:5678` and `[2001:db8::1]`. */
const withPort = /^(?:(\d+\.\d+\.\d+\.\d+):\d+|\[([\da-f:.]+)\](?::\d+)?)$/i;

/**
 * The address that a request came from: what a trusted proxy says, without the
 * port that some add, or that of the connection where it says no address.
 */
export function clientAddress({ ip, socket }: FastifyRequest): string {
	const [, v4, v6] = withPort.exec(ip) ?? [];
	const address = v4 ?? v6 ?? ip;
	return isIP(address) === 0 ? (socket.remoteAddress ?? "") : address;
}
