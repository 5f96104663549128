import { hash } from "node:crypto";
import type { FastifyReply } from "fastify";
import { LRUCache } from "lru-cache";
import { SMALL_BODY, sizeOf } from "../../core/body-limits.ts";
import { writeJson } from "../../core/json-text.ts";
import { ownTurn } from "../../core/own-turn.ts";

/** Cached by the client only, which revalidates every time. */
export const CACHE_CONTROL = "private, no-cache";

/** Bytes of answers that one process caches. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Bytes above which an answer is not cached: it would push out too many others. */
const LARGE = 256 * 1024;

/** Minimum number of request keys remembered, to recognise repeated requests. */
const REMEMBERED = 5000;

/** Characters above which a key is too long to be worth remembering. */
const LONG = 500;

/** The answers sent last, each with the snapshot taken before it was read. */
export interface KeptAnswers {
	answers: LRUCache<string, KeptAnswer>;
	/** Returns whether the same request was made recently: answers requested only once are not cached. */
	isAskedAgain(key: string): boolean;
}

interface KeptAnswer {
	snapshot: string;
	etag: string;
	body: Buffer;
}

/** Creates the answer cache (least recently used goes first). */
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

/** An answer that depends only on the request, the caller and what is stored. */
export interface VersionedAnswer {
	/** Identifies the request and the caller. */
	key: string;
	/** Returns an id of what can be read now; it stays the same as long as nothing is written. */
	readSnapshot(): Promise<string>;
	/** Returns the answer's version without the rest of it; throws what `read` throws. */
	readVersion(): Promise<unknown>;
	read(): Promise<unknown>;
	versionOf(answer: unknown): string;
}

/**
 * Sends an answer with its version as `ETag`: 304 when the client has this
 * version (RFC 9110, section 13.1.2), the cached bytes when this process has
 * them. The database is asked each time whether anything was written since, and
 * if so whether this answer changed, so that nobody sees outdated data.
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
	// Before the answer is read: a write in between makes it another one.
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
	if (sizeOf(output) > SMALL_BODY) {
		await ownTurn();
		// Somebody else who asked at the same moment may have written it.
		const written = answers.get(key);
		if (written?.etag === etag) return sendJson(etag, written.body, reply);
	}
	const text = writeJson(output as object);
	if (!snapshot) return sendJson(etag, text, reply);
	const body = Buffer.from(text);
	answers.set(key, { snapshot, etag, body });
	return sendJson(etag, body, reply);
}

/** Sends an answer that is its own version. */
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
