import { createHmac, hash } from "node:crypto";
import { personOf } from "../core/person-of.ts";
import type { Facade } from "../core/words.ts";
import type { AuditEntry, methods } from "../features/audit/schema.ts";
import type { Identity } from "../identity/identity.ts";

/** The value that the first row has as its predecessor's hash. */
export const NO_HASH = "0".repeat(64);

/** Who does something and how the request arrives: the first columns of every audit row. */
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

/** What is known about a request; a procedure's context is one of these. */
export interface Asker {
	identity: Identity | null;
	facade: Facade;
	client: string | null;
	address: string | null;
	requestId: string;
	serviceRequestId: string;
}

/**
 * Returns the origin of what a request does.
 *
 * @param claimed who the caller claims to be, where nobody signs in
 */
export function originOf(asker: Asker, claimed: string | null = null): Origin {
	const known = personOf(asker.identity);
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

/**
 * Returns the beginning of a text from outside, without characters that PostgreSQL cannot store.
 */
export function storable(text: string | null, length: number): string | null {
	if (text === null) return null;
	return text.replaceAll("\0", "").slice(0, length).toWellFormed();
}

/**
 * Computes the hash that a row must have: SHA-256 of its content, in hex. The database computes it
 * independently; a row is verified when the two agree. If a row has an address hash, the address
 * itself is not part of its content.
 */
export function hashEntry({ hash: _, ...content }: AuditEntry): string {
	const isBeside = content.address_hash !== null;
	return hash(
		"sha256",
		canonicalRow(isBeside ? { ...content, address: null } : content),
	);
}

/** Computes the hash of a network address in the chain: HMAC-SHA-256, in hex. */
export function hashAddress(key: Buffer, address: string): string {
	return createHmac("sha256", key).update(address).digest("hex");
}

/** Returns a row as canonical JSON (RFC 8785), without null columns. */
export function canonicalRow(row: Partial<AuditEntry>): string {
	const filled = Object.entries(row).filter(([, value]) => value !== null);
	return canonicalJson(Object.fromEntries(filled));
}

function canonicalJson(value: unknown): string {
	if (typeof value !== "object" || value === null) return JSON.stringify(value);
	const members = Object.entries(value)
		// By UTF-16 code units, as the standard requires.
		.sort(([one], [other]) => (one < other ? -1 : 1))
		.map(
			([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`,
		);
	return `{${members.join(",")}}`;
}

/**
 * Formats a time as it appears in the log.
 *
 * @param seconds since 1970, as PostgreSQL writes them: `1760954400.000000`
 */
export function formatTime(seconds: string): string {
	const [, whole = "", micros = ""] = /^(-?\d+)\.(\d{6})$/.exec(seconds) ?? [];
	const time = new Date(Number(whole) * 1000);
	// Times that no clock can have written, such as infinity, stay as they are.
	if (whole === "" || Number.isNaN(time.getTime())) return seconds;
	return time.toISOString().replace(/\.000Z$/, `.${micros}Z`);
}
