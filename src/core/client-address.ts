import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";

/** Matches `192.0.2.1:5678`, `[2001:db8::1]:5678` and `[2001:db8::1]`. */
const withPort = /^(?:(\d+\.\d+\.\d+\.\d+):\d+|\[([\da-f:.]+)\](?::\d+)?)$/i;

/**
 * Returns the address that a request came from: as a trusted proxy reports it, without the port
 * that some proxies add, or the connection's own where no proxy reports one.
 */
export function clientAddress({ ip, socket }: FastifyRequest): string {
	const [, v4, v6] = withPort.exec(ip) ?? [];
	const address = v4 ?? v6 ?? ip;
	return isIP(address) === 0 ? (socket.remoteAddress ?? "") : address;
}

/**
 * Returns the network that counts as one client: an IPv4 address, also if it is written inside an
 * IPv6 address, or the /64 that one connection is given with IPv6.
 */
export function networkOf(address: string): string {
	if (isIP(address) !== 6) return address;
	// In RFC 5952 form, without the interface that a link-local address may name.
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
