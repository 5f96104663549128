import { hash } from "node:crypto";
import type { FastifyReply } from "fastify";
import { LRUCache } from "lru-cache";

/** Kept by the client alone, and asked again every time. */
export const CACHE_CONTROL = "private, no-cache";

/** Bytes of answers that one process keeps. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Bytes above which an answer is not kept: it would push out too many others. */
const LARGE = 256 * 1024;

/** How many answers are remembered to have been asked for: what is asked for once is not kept. */
const REMEMBERED = 10_000;

/** Answers as they were sent last, with their versions, and what was asked for. */
export interface KeptAnswers {
	answers: LRUCache<string, { etag: string; body: Buffer }>;
	asked: LRUCache<string, true>;
}

/** Opens a place for answers; which was silent for longest leaves it first. */
export function openKeptAnswers(): KeptAnswers {
	return {
		answers: new LRUCache({
			maxSize: KEPT_BYTES,
			maxEntrySize: LARGE,
			sizeCalculation: ({ body }, key) => body.length + key.length + 200,
		}),
		asked: new LRUCache({ max: REMEMBERED }),
	};
}

/** An answer whose version can be had without the rest of it. */
export interface VersionedAnswer {
	/** Names what is asked for. */
	key: string;
	/** Both check who asks, and throw what the procedure throws. */
	readVersion(): Promise<unknown>;
	read(): Promise<unknown>;
	versionOf(answer: unknown): string;
}

/**
 * Sends an answer with its version as `ETag`: 304 when the client has this
 * version (RFC 9110, section 13.1.2), the kept bytes when this process has.
 * The version comes from the database each time, so that nobody is shown what
 * is no more, or what they may not read.
 *
 * @param known `If-None-Match` of the request
 */
export async function sendVersioned(
	answer: VersionedAnswer,
	known: string | undefined,
	{ answers, asked }: KeptAnswers,
	reply: FastifyReply,
): Promise<FastifyReply> {
	const { key } = answer;
	const last = answers.get(key);
	if (last || known !== undefined) {
		const etag = `"${await answer.readVersion()}"`;
		if (isKnown(etag, known)) return sendNotModified(etag, reply);
		if (last?.etag === etag) return sendJson(etag, last.body, reply);
	}
	const output = await answer.read();
	const etag = `"${answer.versionOf(output)}"`;
	const text = JSON.stringify(output);
	if (!asked.get(key)) {
		asked.set(key, true);
		return sendJson(etag, text, reply);
	}
	const body = Buffer.from(text);
	answers.set(key, { etag, body });
	return sendJson(etag, body, reply);
}

/** The same for an answer whose version is itself. */
export function sendWithEtag(
	output: unknown,
	known: string | undefined,
	reply: FastifyReply,
): FastifyReply {
	const body = JSON.stringify(output);
	const etag = `"${hash("sha256", body, "base64url")}"`;
	if (isKnown(etag, known)) return sendNotModified(etag, reply);
	return sendJson(etag, body, reply);
}

function sendJson(
	etag: string,
	body: string | Buffer,
	reply: FastifyReply,
): FastifyReply {
	return reply
		.header("cache-control", CACHE_CONTROL)
		.header("etag", etag)
		.type("application/json; charset=utf-8")
		.send(body);
}

function sendNotModified(etag: string, reply: FastifyReply): FastifyReply {
	return reply
		.code(304)
		.header("cache-control", CACHE_CONTROL)
		.header("etag", etag)
		.send();
}

function isKnown(etag: string, known: string | undefined): boolean {
	if (known === undefined) return false;
	const tags = known.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
	return tags.includes(etag) || tags.includes("*");
}
