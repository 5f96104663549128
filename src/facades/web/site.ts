import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { LRUCache } from "lru-cache";
import { version } from "../../core/version.ts";
import type { Report } from "../../features/reports/schema.ts";
import type { Identity } from "../../identity/identity.ts";
import type { Context } from "../../procedure.ts";
import type { Caller } from "../../router.ts";
import type { Asset } from "./assets.ts";
import { layout } from "./layout.ts";
import type { Rendered } from "./markdown/render.ts";
import type { Frame, Page } from "./page.ts";
import type { Viewer } from "./sections.ts";
import { type Cookies, csrfToken, openSession } from "./session.ts";
import { orWhyNot, type Unavailable } from "./unavailable.ts";

/** Characters of rendered reports that are cached. */
const CACHE_SIZE = 32 * 1024 * 1024;

/** Milliseconds before a text that was too complex is tried again. */
const RETRY_AFTER = 60_000;

/** What the routes of all pages share. */
export interface Site {
	contextFor(request: FastifyRequest): Context;
	callerFor(request: FastifyRequest): Caller;
	/** Whether people sign in; elsewhere, everybody may do everything. */
	hasSignIn: boolean;
	/** The signed-in person; `null` if there is none, absent where nobody signs in. */
	viewerOf(request: FastifyRequest): Viewer | null | undefined;
	cookies: Cookies;
	publicUrl: string | undefined;
	assets: Record<string, Asset>;
	/** Sends a page, with the number of pending reports if the database is reachable. */
	sendPage(
		request: FastifyRequest,
		reply: FastifyReply,
		page: Page,
	): Promise<FastifyReply>;
	/** Returns the form token of the request's session, which is opened if there is none. */
	tokenFor(request: FastifyRequest, reply: FastifyReply): string;
	/** Returns a report's Markdown as markup, or why it is unavailable. */
	render(
		request: FastifyRequest,
		report: Report,
	): Promise<Rendered | Unavailable>;
}

export function openSite(
	parts: Pick<
		Site,
		| "contextFor"
		| "callerFor"
		| "hasSignIn"
		| "cookies"
		| "publicUrl"
		| "assets"
	>,
): Site {
	const { callerFor, hasSignIn, cookies, assets, contextFor } = parts;
	const viewerOf = ({ identity, cookies: own }: FastifyRequest) =>
		hasSignIn ? readViewer(identity, own?.[cookies.session]) : undefined;
	const rendered = new LRUCache<string, Rendered | Unavailable>({
		maxSize: CACHE_SIZE,
		sizeCalculation: (text) => 1000 + ("html" in text ? text.html.length : 0),
	});
	const urls = Object.fromEntries(
		Object.entries(assets).map(([name, { url }]) => [name, url]),
	);
	return {
		...parts,
		viewerOf,
		async sendPage(request, reply, page) {
			const viewer = viewerOf(request);
			// Readers who may not read reports would be refused, and the refusal
			// recorded in the audit log; a caller refused for too many requests gets
			// no further work done.
			const { statusCode } = reply;
			const mayLook =
				statusCode < 500 &&
				statusCode !== 429 &&
				(!viewer || viewer.permissions.has("reports:read"));
			const queue = mayLook ? await lookAtQueue(callerFor(request)) : null;
			const frame = { assets: urls, version, queue };
			const markup = await layout(
				page,
				viewer === undefined ? frame : { ...frame, viewer },
			);
			return reply
				.type("text/html; charset=utf-8")
				.send(encodePage(String(markup)));
		},
		tokenFor(request, reply) {
			return csrfToken(openSession(cookies, request, reply));
		},
		async render(request, { content_sha256: key, report_data }) {
			const known = rendered.get(key);
			if (known) return known;
			const { runTask, log } = contextFor(request);
			const text = await orWhyNot(runTask("renderMarkdown", report_data), log);
			if ("html" in text) rendered.set(key, text);
			else if (text.why === "too complex") {
				rendered.set(key, text, { ttl: RETRY_AFTER });
			}
			return text;
		},
	};
}

/** Characters of a page encoded at once. */
const PIECE = 128 * 1024;

/**
 * Encodes a page as bytes: as text, it would be encoded once to be measured and
 * once to be sent. A long page is sent piece by piece, at the client's speed,
 * so that other requests are answered meanwhile.
 */
function encodePage(text: string): Buffer | Readable {
	if (text.length <= PIECE) return Buffer.from(text);
	return Readable.from(encodePieces(text), { objectMode: false });
}

async function* encodePieces(text: string): AsyncGenerator<Buffer> {
	let start = 0;
	while (start < text.length) {
		let end = start + PIECE;
		// Do not split a surrogate pair.
		if (/[\uD800-\uDBFF]/.test(text.charAt(end - 1))) end += 1;
		yield Buffer.from(text.slice(start, end));
		start = end;
		await nextTurn();
	}
}

function readViewer(
	identity: Identity | null,
	session: string | undefined,
): Viewer | null {
	if (identity?.method !== "session" || !session) return null;
	const { email, permissions } = identity;
	return { email, permissions, csrf: csrfToken(session) };
}

/** Reads the state of the queue. A page can be shown without it: its own procedure reports the error. */
async function lookAtQueue(caller: Caller): Promise<Frame["queue"]> {
	try {
		return await caller.reports.newest();
	} catch {
		return null;
	}
}
