import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { clientAddress, networkOf } from "../../../core/client-address.ts";
import { type Refusal, tooManyRequests } from "../../../core/errors.ts";
import type { Database } from "../../../platform/postgres/database.ts";
import { facadeOf } from "../facade-of.ts";
import { type Count, countHere, WINDOW } from "./counts.ts";
import type { Counted } from "./queries.ts";
import { countTogether } from "./shared-counts.ts";

/** Failed sign-ins per minute allowed to one address, across all façades. */
const MAX_FAILURES = 60;

export interface RateLimitOptions {
	/** Requests per minute of one identity or address to one façade; 0 turns all limits off. */
	perMinute: number;
	/** The database in which all instances count together; without it each counts for itself. */
	shared?: Database;
	/**
	 * Whether a later hook will identify the sender of the request and then call
	 * `countIdentity`, `countAddress` or `countFailure`; the request is not
	 * counted before that. Without this option, every request is counted by its
	 * address.
	 */
	isIdentifiedLater?: (request: FastifyRequest) => boolean;
}

/** What the hook that checks credentials calls; each method throws TOO_MANY_REQUESTS. */
export interface RateLimits {
	/** Counts a request from an unknown sender, by its address. */
	countAddress(request: FastifyRequest, reply: FastifyReply): Promise<void>;
	/** Counts a request by its sender, wherever it comes from. */
	countIdentity(
		request: FastifyRequest,
		reply: FastifyReply,
		subject: string,
	): Promise<void>;
	/**
	 * Counts a request that contains several calls, and was already counted once,
	 * as often as it has calls: all of them are refused, or none.
	 */
	countBatch(
		request: FastifyRequest,
		reply: FastifyReply,
		calls: number,
	): Promise<void>;
	/** Counts a request whose credentials were not accepted, so that guessing soon ends. */
	countFailure(request: FastifyRequest): Promise<void>;
	/** Refuses a request from an address that has used up its failed attempts; counts nothing. */
	refuseGuesser(request: FastifyRequest): Promise<void>;
}

/**
 * Refuses requests beyond a limit before anything is read or looked up for
 * them: 429 with `Retry-After`. Every answer says what is left, in `RateLimit`
 * and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers). Probes, style
 * sheets, scripts and images are not counted.
 */
export function mountRateLimits(
	app: FastifyInstance,
	{ perMinute, shared, isIdentifiedLater = () => false }: RateLimitOptions,
): RateLimits {
	if (perMinute === 0) {
		const count = async () => {};
		return {
			countIdentity: count,
			countAddress: count,
			countBatch: count,
			countFailure: count,
			refuseGuesser: count,
		};
	}
	const subjects = new WeakMap<FastifyRequest, string>();
	const count = shared ? countTogether(app, shared) : countHere();
	// After the hooks of everything mounted before.
	app.after(() => {
		app.addHook("onRequest", async (request, reply) => {
			if (isExempt(request) || isIdentifiedLater(request)) return;
			await refuseBeyond(request, reply, 1);
		});
	});

	async function refuseBeyond(
		request: FastifyRequest,
		reply: FastifyReply,
		requests: number,
	): Promise<void> {
		const facade = facadeOf(request);
		const subject = subjects.get(request);
		const who = subject === undefined ? networkAsking(request) : `=${subject}`;
		const counted = await countOrPass(`${facade} ${who}`, requests, perMinute);
		const seconds = secondsOf(counted.remainingMs || WINDOW);
		const remaining = Math.max(0, perMinute - counted.requests);
		reply.header(
			"ratelimit-policy",
			`"${facade}";q=${perMinute};w=${WINDOW / 1000}`,
		);
		reply.header("ratelimit", `"${facade}";r=${remaining};t=${seconds}`);
		if (counted.requests <= perMinute) return;
		const whose = subject === undefined ? "This address has" : "You have";
		throw beyondLimit(whose, perMinute, seconds);
	}

	/** Lets a request pass if it cannot be counted; the counter logs why. */
	async function countOrPass(...asked: Parameters<Count>): Promise<Counted> {
		return count(...asked).catch(() => ({ requests: 0, remainingMs: 0 }));
	}

	return {
		countAddress: (request, reply) => refuseBeyond(request, reply, 1),
		async countIdentity(request, reply, subject) {
			if (isExempt(request)) return;
			subjects.set(request, subject);
			await refuseBeyond(request, reply, 1);
		},
		async countBatch(request, reply, calls) {
			if (calls > 1) await refuseBeyond(request, reply, calls - 1);
		},
		async countFailure(request) {
			const key = `failed ${networkAsking(request)}`;
			const counted = await countOrPass(key, 1, MAX_FAILURES);
			if (counted.requests > MAX_FAILURES) throw guessing(counted);
		},
		async refuseGuesser(request) {
			const key = `failed ${networkAsking(request)}`;
			const counted = await countOrPass(key, 0, MAX_FAILURES);
			if (counted.requests >= MAX_FAILURES) throw guessing(counted);
		},
	};
}

/** Returns the 429 for a request beyond the limit, with the seconds until the next one is accepted. */
export function beyondLimit(
	who: "You have" | "This address has",
	perMinute: number,
	seconds: number,
): Refusal {
	return tooManyRequests(
		`${who} sent more than ${perMinute} requests within a minute. Try again in ${inSeconds(seconds)}.`,
		seconds,
	);
}

function guessing({ remainingMs }: Counted): Refusal {
	const seconds = secondsOf(remainingMs);
	return tooManyRequests(
		`This address has sent too many invalid credentials. Try again in ${inSeconds(seconds)}.`,
		seconds,
	);
}

function secondsOf(milliseconds: number): number {
	return Math.max(1, Math.ceil(milliseconds / 1000));
}

function inSeconds(seconds: number): string {
	return seconds === 1 ? "a second" : `${seconds} seconds`;
}

function networkAsking(request: FastifyRequest): string {
	return networkOf(clientAddress(request));
}

function isExempt({ routeOptions }: FastifyRequest): boolean {
	const { url = "" } = routeOptions;
	return (
		url === "/healthz" ||
		url === "/readyz" ||
		url === "/favicon.ico" ||
		url.startsWith("/assets/")
	);
}
