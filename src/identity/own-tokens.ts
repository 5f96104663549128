import { hash, randomBytes } from "node:crypto";

/** By which secret scanners recognise our tokens: `golive_[0-9a-f]{64}`. */
const PREFIX = "golive_";

/** A new token: 256 random bits that can stand in any header, shell or file. */
export function makeToken(): string {
	return PREFIX + randomBytes(32).toString("hex");
}

/** Whether a bearer token is one of ours, and no JWT. */
export function isOwnToken(token: string): boolean {
	return token.startsWith(PREFIX);
}

/** What is kept of a secret of 256 random bits; nobody can guess it back, so it needs no salt. */
export function hashSecret(secret: string): string {
	return hash("sha256", secret);
}
