import proxyaddr from "@fastify/proxy-addr";
import type { FastifyInstance } from "fastify";
import { networkOf } from "../../../core/client-address.ts";

/** Milliseconds between two log lines about closed connections. */
const WARNING_INTERVAL = 60_000;

/**
 * Closes new connections from an address that has reached its limit, so that it
 * cannot take everybody else's. An IPv6 address counts with its whole /64.
 * Trusted proxies are limited by the total alone, since everybody comes through
 * them.
 *
 * @param trusted the proxies' addresses and ranges, as in TRUST_PROXY
 */
export function limitConnectionsPerAddress(
	app: FastifyInstance,
	limit: number,
	trusted: string[],
): void {
	const isTrusted = proxyaddr.compile(trusted);
	const open = new Map<string, number>();
	let warnedAt = 0;
	app.server.on("connection", (socket) => {
		const { remoteAddress } = socket;
		// Undefined if the connection is already gone.
		if (remoteAddress === undefined || isTrusted(remoteAddress, 0)) return;
		const network = networkOf(remoteAddress);
		const before = open.get(network) ?? 0;
		if (before >= limit) {
			socket.destroy();
			warn();
			return;
		}
		open.set(network, before + 1);
		socket.once("close", () => {
			const left = (open.get(network) ?? 0) - 1;
			if (left > 0) open.set(network, left);
			else open.delete(network);
		});
	});

	function warn(): void {
		if (Date.now() - warnedAt < WARNING_INTERVAL) return;
		warnedAt = Date.now();
		app.log.warn(
			{ limit },
			"an address has reached MAX_CONNECTIONS_PER_ADDRESS: its further connections are closed. If it is a proxy, add it to TRUST_PROXY",
		);
	}
}
