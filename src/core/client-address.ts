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

/**
 * Who counts as one at an address: an IPv4 address, also where it is written
 * inside an IPv6 one, or the /64 that one connection gets of IPv6.
 */
export function networkOf(address: string): string {
	if (isIP(address) !== 6) return address;
	// As RFC 5952 writes it, without the interface that a link-local one may name.
	const { hostname } = new URL(`http://[${address.replace(/%.*$/, "")}]`);
	const [head = "", tail = ""] = hostname.slice(1, -1).split("::");
	const [first, last] = [head, tail].map((part) =>
		part.split(":").filter((group) => group !== ""),
	) as [string[], string[]];
	const zeros = Array<string>(8 - first.length - last.length).fill("0");
	const groups = [...first, ...zeros, ...last];
	if (groups.slice(0, 6).join(":") === "0:0:0:0:0:ffff") {
		const bits = groups.slice(6).map((group) => Number.parseInt(group, 16));
		return bits.flatMap((two) => [two >> 8, two & 255]).join(".");
	}
	return `${groups.slice(0, 4).join(":")}::/64`;
}
