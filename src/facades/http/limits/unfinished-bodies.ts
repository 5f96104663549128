import type { FastifyBaseLogger } from "fastify";
import { overloaded, tooManyRequests } from "../../../core/errors.ts";

/** Limits on the bytes of bodies held in memory before they are processed. */
export interface BodyCeilings {
	/** For one identity or address: four of the largest possible bodies. */
	perHolder: number;
	/** For all senders together. */
	inAll: number;
}

const defaults: BodyCeilings = {
	perHolder: 32 * 1024 * 1024,
	inAll: 128 * 1024 * 1024,
};

/** Milliseconds between two log lines. */
const WARNING_INTERVAL = 60_000;

/** Seconds after which a refused body may be sent again. */
const RETRY_AFTER = 5;

/** A body from its first byte until it has been processed. */
export interface UnfinishedBody {
	/** Reports how many bytes have arrived or are announced. */
	grow(bytes: number): void;
	/** Marks the body as complete: it can no longer be refused. */
	complete(): void;
	/** Marks the body's memory as free. */
	release(): void;
}

/** Counts the memory of bodies that are still arriving. */
export interface UnfinishedBodies {
	/**
	 * @param holder the sender, by identity or address
	 * @param refuse called at most once, with the reason why the body must not be
	 *   received: 429 where its sender is beyond the limit, 503 where all senders
	 *   together are and nobody holds more than this one
	 */
	begin(holder: string, refuse: (reason: Error) => void): UnfinishedBody;
}

interface Held {
	holder: string;
	bytes: number;
	refuse: ((reason: Error) => void) | undefined;
}

/** Creates the counter. A sender that sends slowly and a lot makes room for everybody else. */
export function countUnfinishedBodies(
	log: FastifyBaseLogger,
	ceilings: Partial<BodyCeilings> = {},
): UnfinishedBodies {
	const { perHolder, inAll } = { ...defaults, ...ceilings };
	const bodies = new Set<Held>();
	const held = new Map<string, number>();
	let total = 0;
	let warnedAt = 0;

	function add(body: Held, bytes: number): void {
		const sum = (held.get(body.holder) ?? 0) + bytes;
		if (sum === 0) held.delete(body.holder);
		else held.set(body.holder, sum);
		body.bytes += bytes;
		total += bytes;
	}

	function refuse(body: Held, reason: Error): void {
		const tell = body.refuse;
		release(body);
		tell?.(reason);
	}

	function release(body: Held): void {
		body.refuse = undefined;
		if (!bodies.delete(body)) return;
		add(body, -body.bytes);
	}

	/** Returns the largest body still arriving from the sender that holds the most. */
	function findLargest(): Held | undefined {
		let largest: Held | undefined;
		for (const body of bodies) {
			if (!body.refuse) continue;
			if (!largest || isHeavier(body, largest)) largest = body;
		}
		return largest;
	}

	function isHeavier(one: Held, other: Held): boolean {
		const ahead = (held.get(one.holder) ?? 0) - (held.get(other.holder) ?? 0);
		return ahead > 0 || (ahead === 0 && one.bytes > other.bytes);
	}

	function warn(): void {
		if (Date.now() - warnedAt < WARNING_INTERVAL) return;
		warnedAt = Date.now();
		log.warn(
			{ bytes: total },
			"request bodies exceed the memory limit: the largest senders are refused",
		);
	}

	return {
		begin(holder, tell) {
			const body: Held = { holder, bytes: 0, refuse: tell };
			bodies.add(body);
			return {
				grow(bytes) {
					if (!body.refuse || bytes <= body.bytes) return;
					add(body, bytes - body.bytes);
					if ((held.get(holder) ?? 0) > perHolder) {
						return refuse(body, tooMuchAtOnce(perHolder));
					}
					while (total > inAll) {
						warn();
						const largest = findLargest();
						if (!largest) return;
						refuse(largest, overloaded());
					}
				},
				complete() {
					body.refuse = undefined;
				},
				release: () => release(body),
			};
		},
	};
}

function tooMuchAtOnce(perHolder: number): Error {
	return tooManyRequests(
		`You are sending more than ${perHolder / 1024 / 1024} MiB at once in unfinished requests. Send them one after the other, and try again in ${RETRY_AFTER} seconds.`,
		RETRY_AFTER,
	);
}
