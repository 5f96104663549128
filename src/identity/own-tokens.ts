import { hash, randomBytes } from "node:crypto";

/** The prefix by which secret scanners recognise our tokens: `golive_[0-9a-f]{64}`. */
const PREFIX = "golive_";

/** Creates a token: 256 random bits, safe in any header, shell or file. */
export function makeToken(): string {
	return PREFIX + randomBytes(32).toString("hex");
}

/** Returns whether a bearer token is one of ours and not a JWT. */
export function isOwnToken(token: string): boolean {
	return token.startsWith(PREFIX);
}

/**
 * Returns the hash that is stored of a secret of 256 random bits; it cannot be guessed, so it needs
 * no salt.
 */
export function hashSecret(secret: string): string {
	return hash("sha256", secret);
}
