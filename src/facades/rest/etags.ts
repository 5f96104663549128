import { hash } from "node:crypto";
import type { FastifyReply } from "fastify";
import { LRUCache } from "lru-cache";
import { writeJson } from "../../core/json-text.ts";

/** Kept by the client alone, and asked again every time. */
export const CACHE_CONTROL = "private, no-cache";

/** Bytes of answers that one process keeps. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Bytes above which an answer is not kept: it would push out too many others. */
const LARGE = 256 * 1024;

/** How many questions are remembered at least, to know which are asked again. */
const REMEMBERED = 5000;

/** Characters of a question above which it is none that anybody asks twice. */
const LONG = 500;

/** Answers as they were sent last, each with the snapshot before it was read. */
export interface KeptAnswers {
	answers: LRUCache<string, KeptAnswer>;
	/** Whether something was asked for not long ago: what is asked for once is not kept. */
	isAskedAgain(key: string): boolean;
}

interface KeptAnswer {
	snapshot: string;
	etag: string;
	body: Buffer;
}

/** Opens a place for answers; which was silent for longest leaves it first. */
export function openKeptAnswers(): KeptAnswers {
	let asked = new Set<string>();
	let askedBefore = new Set<string>();
	return {
		answers: new LRUCache({
			maxSize: KEPT_BYTES,
			maxEntrySize: LARGE,
			sizeCalculation: ({ body }, key) => body.length + key.length + 300,
		}),
		isAskedAgain(key) {
			if (asked.has(key)) return true;
			if (key.length > LONG) return false;
			if (asked.size === REMEMBERED) {
				askedBefore = asked;
				asked = new Set();
			}
			asked.add(key);
			return askedBefore.has(key);
		},
	};
}

/** An answer that depends on nothing but what is asked, who asks, and what is stored. */
export interface VersionedAnswer {
	/** Names what is asked for, and who asks. */
	key: string;
	/** Names what can be read now; the same as long as nothing was written. */
	readSnapshot(): Promise<string>;
	/** The answer's version without the rest of it; throws what `read` throws. */
	readVersion(): Promise<unknown>;
	read(): Promise<unknown>;
	versionOf(answer: unknown): string;
}

/**
 * Sends an answer with its version as `ETag`: 304 when the client has this
 * version (RFC 9110, section 13.1.2), the kept bytes when this process has
 * them. The database is asked each time whether anything was written since, and
 * if so whether this answer is another, so that nobody is shown what is no more.
 *
 * @param known `If-None-Match` of the request
 */
export async function sendVersioned(
	answer: VersionedAnswer,
	known: string | undefined,
	{ answers, isAskedAgain }: KeptAnswers,
	reply: FastifyReply,
): Promise<FastifyReply> {
	const { key } = answer;
	// Before the answer is read: what is written meanwhile makes it another.
	const snapshot = isAskedAgain(key) ? await answer.readSnapshot() : undefined;
	const last = answers.get(key);
	const isSure = last !== undefined && last.snapshot === snapshot;
	if (last || known !== undefined) {
		const etag = isSure ? last.etag : `"${await answer.readVersion()}"`;
		const isSame = last?.etag === etag;
		if (isSame && snapshot) last.snapshot = snapshot;
		if (isKnown(etag, known)) return sendNotModified(etag, reply);
		if (isSame) return sendJson(etag, last.body, reply);
	}
	const output = await answer.read();
	const etag = `"${answer.versionOf(output)}"`;
	const text = writeJson(output as object);
	if (!snapshot) return sendJson(etag, text, reply);
	const body = Buffer.from(text);
	answers.set(key, { snapshot, etag, body });
	return sendJson(etag, body, reply);
}

/** The same for an answer whose version is itself. */
export function sendWithEtag(
	output: unknown,
	known: string | undefined,
	reply: FastifyReply,
): FastifyReply {
	const body = writeJson(output as object);
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
