import { getTRPCErrorFromUnknown, type TRPCError } from "@trpc/server";
import type { Config } from "../../core/config.ts";
import { publicError } from "../../core/public-error.ts";
import { openAuthenticator } from "../../identity/auth.ts";
import { anybody } from "../../identity/identity.ts";
import type { Database } from "../../platform/postgres/database.ts";
import type { Context } from "../../procedure.ts";

/** The caller, or why they are unknown. */
type Asking = Pick<Context, "identity" | "refusal">;

/**
 * Returns a function that identifies the caller over standard input: the owner
 * of ACCESS_TOKEN, for as long as the token is valid. It is looked up each
 * time, so that a revocation takes effect at once.
 */
export function tellWhoAsks(
	db: Database,
	config: Config,
): () => Promise<Asking> {
	if (config.AUTH !== "oidc") {
		return async () => ({ identity: anybody, refusal: undefined });
	}
	const authenticator = openAuthenticator(db, config);
	const authorization = `Bearer ${config.ACCESS_TOKEN}`;
	return async () => {
		try {
			const identity = await authenticator.identify(authorization, "mcp");
			return { identity, refusal: undefined };
		} catch (error) {
			return { identity: null, refusal: getTRPCErrorFromUnknown(error) };
		}
	};
}

/** @throws Error where people sign in and no access token is configured */
export function requireAccessToken(
	config: Pick<Config, "AUTH" | "ACCESS_TOKEN">,
): void {
	if (config.AUTH === "oidc" && !config.ACCESS_TOKEN) {
		throw new Error(
			"ACCESS_TOKEN is required where AUTH=oidc: nobody can sign in over standard input. Create an access token in the service, and set ACCESS_TOKEN to it.",
		);
	}
}

/** Returns the error with which the service refuses to start with an invalid token. */
export function accessTokenRefused(refusal: TRPCError): Error {
	return new Error(`ACCESS_TOKEN is refused. ${publicError(refusal).detail}`);
}
