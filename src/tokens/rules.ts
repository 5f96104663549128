import { hash, randomBytes } from "node:crypto";
import { TRPCError } from "@trpc/server";
import { conflict } from "../errors.ts";
import { MAX_LIVING_TOKENS } from "./schema.ts";

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

/** 404 for a token that does not exist, or that is another's. */
export function unknownToken(id: string): TRPCError {
	return new TRPCError({
		code: "NOT_FOUND",
		message: `There is no access token with the id ${id} that you may see. List them to find the right one.`,
	});
}

/** 409: an owner has as many tokens as one can look after. */
export function tooManyTokens(owner: string): TRPCError {
	return conflict(
		`${owner} has ${MAX_LIVING_TOKENS} access tokens that still count, and nobody has more. Revoke one that is not needed any more, and make the new one then.`,
		{},
		`Nobody has more than ${MAX_LIVING_TOKENS} access tokens that still count.`,
	);
}
