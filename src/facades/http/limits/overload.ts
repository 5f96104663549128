import { getHeapStatistics } from "node:v8";
import underPressure from "@fastify/under-pressure";
import type { FastifyInstance } from "fastify";
import { overloaded } from "../../../core/errors.ts";

/** The limits beyond which the service counts as overloaded. */
export interface OverloadLimits {
	/** Event loop delay in milliseconds, averaged over an interval. */
	maxEventLoopDelay: number;
	/** JavaScript heap in use, in bytes. */
	maxHeapUsedBytes: number;
	/** Milliseconds between two samples. */
	sampleInterval: number;
}

/**
 * Far above what a busy machine shows: a request that waits for seconds is
 * worth nothing to its client, and a full heap ends the process.
 */
const defaults: OverloadLimits = {
	maxEventLoopDelay: 1500,
	maxHeapUsedBytes: getHeapStatistics().heap_size_limit * 0.9,
	sampleInterval: 2000,
};

/** Milliseconds between two log lines. */
const WARNING_INTERVAL = 10_000;

/**
 * Answers 503 at once while the service is overloaded, so that it can recover.
 * Probes are answered as usual, because a restart would not help.
 */
export function mountOverload(
	app: FastifyInstance,
	limits: Partial<OverloadLimits> = {},
): void {
	let warnedAt = 0;
	app.register(underPressure, {
		...defaults,
		...limits,
		async pressureHandler({ routeOptions: { url } }, _reply, type, value) {
			if (url === "/healthz" || url === "/readyz") return;
			if (Date.now() - warnedAt > WARNING_INTERVAL) {
				warnedAt = Date.now();
				app.log.warn({ type, value }, "overloaded: requests are refused");
			}
			throw overloaded();
		},
	});
}
