import { TRPCError } from "@trpc/server";
import {
	AuthorizationResponseError,
	ClientError,
	ResponseBodyError,
	WWWAuthenticateChallengeError,
} from "openid-client";
import { Refusal } from "../../core/errors.ts";
import { providerOutOfReach } from "../../identity/oidc.ts";

/**
 * Returns the error of a failed sign-in.
 *
 * @param reason one of a few fixed words, for the log
 */
export function signInRefused(reason: string, message: string): Refusal {
	return new Refusal("UNAUTHORIZED", message, { reason });
}

/**
 * Explains in our words what went wrong at the provider: its own description of
 * an error comes through the browser, and anybody could have written it.
 */
export function explainRefusal(error: unknown): unknown {
	if (error instanceof AuthorizationResponseError) {
		const isDenied = error.error === "access_denied";
		return signInRefused(
			isDenied ? "access_denied" : "provider_error",
			isDenied
				? "The identity provider refused, or you cancelled."
				: "The identity provider could not sign you in.",
		);
	}
	if (error instanceof ResponseBodyError && error.error === "invalid_grant") {
		return signInRefused(
			"invalid_grant",
			"This sign-in was already used, or took too long.",
		);
	}
	if (
		error instanceof WWWAuthenticateChallengeError ||
		isClientRefused(error)
	) {
		return signInRefused(
			"client_refused",
			"The identity provider does not accept this service's registration; its secret may have expired.",
		);
	}
	if (error instanceof ResponseBodyError) {
		return signInRefused(
			"provider_error",
			"The identity provider could not sign you in.",
		);
	}
	if (error instanceof TRPCError) {
		return error.code === "UNAUTHORIZED"
			? signInRefused("unfit_claims", error.message)
			: error;
	}
	if (isOutOfReach(error)) return providerOutOfReach(error);
	if (error instanceof ClientError) {
		return signInRefused(
			// Names the failed check in the library's own fixed words.
			`bad_answer ${error.code ?? ""}`.trim(),
			"The identity provider's answer does not belong to this sign-in.",
		);
	}
	return error;
}

/** Returns whether the pages' own credentials are wrong (RFC 6749, section 5.2). */
function isClientRefused(error: unknown): boolean {
	return (
		error instanceof ResponseBodyError &&
		["invalid_client", "unauthorized_client"].includes(error.error)
	);
}

/**
 * Returns whether the provider did not answer (`fetch` throws a TypeError), not
 * in time, or not as a provider does.
 */
function isOutOfReach(error: unknown): boolean {
	if (error instanceof TypeError) return true;
	return (
		error instanceof ClientError &&
		[
			"OAUTH_TIMEOUT",
			"OAUTH_RESPONSE_IS_NOT_CONFORM",
			"OAUTH_RESPONSE_IS_NOT_JSON",
			"OAUTH_PARSE_ERROR",
		].includes(error.code ?? "")
	);
}
