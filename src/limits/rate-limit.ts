import rateLimit, { normalizeIP } from "@fastify/rate-limit";
import type { TRPCError } from "@trpc/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { clientAddress } from "../client-address.ts";
import type { Database } from "../database.ts";
import { tooManyRequests } from "../errors.ts";
import { facadeOf } from "../facade-of.ts";
import { keepSharedStore } from "./shared-store.ts";

/** Milliseconds over which requests are counted, from the first one on. */
const WINDOW = 60_000;

/** Whom one process remembers at the most; the one that was silent for longest is forgotten. */
const MAX_REMEMBERED = 20_000;

/** Failed sign-ins per minute that an address may have, at whatever façade. */
const MAX_FAILURES = 60;

export interface RateLimitOptions {
	/** Requests per minute of one identity or address to one façade; 0: no limits at all. */
	perMinute: number;
	/** Where all instances count together; each counts for itself without it. */
	shared?: Database;
	/**
	 * Whether a later hook will tell who sent the request, and then calls
	 * `countIdentity`, `countAddress` or `countFailure`: until then it is not counted. Without it,
	 * every request is counted by its address.
	 */
	isIdentifiedLater?: (request: FastifyRequest) => boolean;
}

/** What the hook that checks credentials calls; each throws TOO_MANY_REQUESTS. */
export interface RateLimits {
	/** Counts a request of which nobody knows who sent it, by its address. */
	countAddress(request: FastifyRequest, reply: FastifyReply): Promise<void>;
	/** Counts a request by who sent it, wherever from. */
	countIdentity(
		request: FastifyRequest,
		reply: FastifyReply,
		subject: string,
	): Promise<void>;
	/** Counts a request with credentials that are not accepted: guessing ends soon. */
	countFailure(request: FastifyRequest): Promise<void>;
	/** Refuses a request from an address that has used up its failures; counts nothing. */
	refuseGuesser(request: FastifyRequest): Promise<void>;
}

/**
 * Refuses requests beyond a limit before anything is read or asked for them:
 * 429 with `Retry-After`. Every answer says what is left, in `RateLimit` and
 * `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers). Probes, style
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
			countFailure: count,
			refuseGuesser: count,
		};
	}
	const subjects = new WeakMap<FastifyRequest, string>();
	let countRequest: Count;
	let countFailed: Count;
	app.register(rateLimit, {
		global: false,
		timeWindow: WINDOW,
		cache: MAX_REMEMBERED,
		// Whoever cannot be counted is let through.
		skipOnError: true,
		...(shared && { store: keepSharedStore(app, shared) }),
	});
	app.after(() => {
		countRequest = app.createRateLimit({
			max: perMinute,
			keyGenerator: (request) => {
				const subject = subjects.get(request);
				const who = subject === undefined ? addressOf(request) : `=${subject}`;
				return `${facadeOf(request)} ${who}`;
			},
		});
		countFailed = app.createRateLimit({
			max: MAX_FAILURES,
			keyGenerator: (request) => `failed ${addressOf(request)}`,
		});
		app.addHook("onRequest", async (request, reply) => {
			if (isExempt(request) || isIdentifiedLater(request)) return;
			await refuseBeyond(request, reply);
		});
	});

	async function refuseBeyond(
		request: FastifyRequest,
		reply: FastifyReply,
	): Promise<void> {
		const counted = await countRequest(request);
		if (counted.isAllowed) return;
		const { remaining, ttlInSeconds, isExceeded } = counted;
		const facade = facadeOf(request);
		const seconds = Math.max(1, ttlInSeconds || WINDOW / 1000);
		reply.header(
			"ratelimit-policy",
			`"${facade}";q=${perMinute};w=${WINDOW / 1000}`,
		);
		reply.header("ratelimit", `"${facade}";r=${remaining};t=${seconds}`);
		if (!isExceeded) return;
		const who = subjects.has(request) ? "You have" : "This address has";
		throw beyondLimit(who, perMinute, seconds);
	}

	return {
		countAddress: refuseBeyond,
		async countIdentity(request, reply, subject) {
			if (isExempt(request)) return;
			subjects.set(request, subject);
			await refuseBeyond(request, reply);
		},
		async countFailure(request) {
			const counted = await countFailed(request);
			if (!counted.isAllowed && counted.isExceeded) throw guessing(counted);
		},
		async refuseGuesser(request) {
			const counted = await countFailed(request, { increment: false });
			if (!counted.isAllowed && counted.remaining === 0)
				throw guessing(counted);
		},
	};
}

/** 429 for more requests than the limit allows, until so many seconds have passed. */
export function beyondLimit(
	who: "You have" | "This address has",
	perMinute: number,
	seconds: number,
): TRPCError {
	return tooManyRequests(
		`${who} sent more than ${perMinute} requests within a minute. Try again in ${inSeconds(seconds)}.`,
		seconds,
	);
}

type Count = ReturnType<FastifyInstance["createRateLimit"]>;

function guessing({ ttlInSeconds }: { ttlInSeconds: number }): TRPCError {
	const seconds = Math.max(1, ttlInSeconds);
	return tooManyRequests(
		`This address has sent too many credentials that are not valid. Try again in ${inSeconds(seconds)}.`,
		seconds,
	);
}

function inSeconds(seconds: number): string {
	return seconds === 1 ? "a second" : `${seconds} seconds`;
}

/** An IPv4 address, or the /64 that one connection gets of IPv6: all its addresses are one. */
function addressOf(request: FastifyRequest): string {
	return normalizeIP(clientAddress(request), 64);
}

function isExempt({ routeOptions }: FastifyRequest): boolean {
	const { url = "" } = routeOptions;
	return (
		url === "/healthz" ||
		url === "/readyz" ||
		url === "/favicon.ico" ||
		url.startsWith("/assets/") ||
		url.startsWith("/docs/js/")
	);
}
