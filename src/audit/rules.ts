import { createHmac, hash } from "node:crypto";
import type { Facade } from "../core/words.ts";
import type { AuditEntry, methods } from "../features/audit/schema.ts";
import type { Identity } from "../identity/identity.ts";

/** What stands in the place of a predecessor's hash in the first row. */
export const NO_HASH = "0".repeat(64);

/** Who does something, and how it comes in: what every row of the audit log begins with. */
export interface Origin {
	actor: string | null;
	actor_subject: string | null;
	method: (typeof methods)[number];
	facade: Facade;
	client: string | null;
	request_id: string;
	service_request_id: string;
	address: string | null;
}

/** What is known of a request; a procedure's context is one. */
export interface Asker {
	identity: Identity | null;
	facade: Facade;
	client: string | null;
	address: string | null;
	requestId: string;
	serviceRequestId: string;
}

/**
 * The origin of what a request does.
 *
 * @param claimed who it says it is, for where nobody signs in
 */
export function originOf(asker: Asker, claimed: string | null = null): Origin {
	const { identity } = asker;
	const known = identity && identity.method !== "none" ? identity : undefined;
	return {
		actor: storable(known?.email ?? claimed, 255),
		actor_subject: storable(known?.subject ?? null, 1000),
		method: known?.method ?? "none",
		facade: asker.facade,
		client: asker.client,
		request_id: asker.requestId,
		service_request_id: asker.serviceRequestId,
		address: asker.address,
	};
}

/** The beginning of a text from outside, without what PostgreSQL cannot keep. */
export function storable(text: string | null, length: number): string | null {
	if (text === null) return null;
	return text.replaceAll("\0", "").slice(0, length).toWellFormed();
}

/**
 * A row's hash as it must be: SHA-256, in hex, of its content. The database
 * computes it by itself; that the two agree is what proves a row. Where there is
 * a hash of the address, the address is no part of the row.
 */
export function hashEntry({ hash: _, ...content }: AuditEntry): string {
	const isBeside = content.address_hash !== null;
	return hash(
		"sha256",
		canonicalRow(isBeside ? { ...content, address: null } : content),
	);
}

/** The hash of a network address that stands in the chain: HMAC-SHA-256, in hex. */
export function hashAddress(key: Buffer, address: string): string {
	return createHmac("sha256", key).update(address).digest("hex");
}

/** A row as canonical JSON (RFC 8785), columns that are null left out. */
export function canonicalRow(row: Partial<AuditEntry>): string {
	const filled = Object.entries(row).filter(([, value]) => value !== null);
	return canonicalJson(Object.fromEntries(filled));
}

function canonicalJson(value: unknown): string {
	if (typeof value !== "object" || value === null) return JSON.stringify(value);
	const members = Object.entries(value)
		// By UTF-16 code units, as the standard wants it.
		.sort(([one], [other]) => (one < other ? -1 : 1))
		.map(
			([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`,
		);
	return `{${members.join(",")}}`;
}

/**
 * A time as it stands in the log.
 *
 * @param seconds since 1970, as PostgreSQL writes them: `1760954400.000000`
 */
export function formatTime(seconds: string): string {
	const [, whole = "", micros = ""] = /^(-?\d+)\.(\d{6})$/.exec(seconds) ?? [];
	const time = new Date(Number(whole) * 1000);
	// Of a time that nobody can have written, such as infinity, nothing is made.
	if (whole === "" || Number.isNaN(time.getTime())) return seconds;
	return time.toISOString().replace(/\.000Z$/, `.${micros}Z`);
}
