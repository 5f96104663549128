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
 * Nobody is signed in by this.
 *
 * @param reason in a few fixed words, for the log
 */
export function signInRefused(reason: string, message: string): Refusal {
	return new Refusal("UNAUTHORIZED", message, { reason });
}

/**
 * What went wrong at the provider, in our words: what it says of an error comes
 * by the browser, and anybody can have written it.
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
			"This sign-in was used already, or took too long.",
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
			// Which check it was: the library's own fixed words.
			`bad_answer ${error.code ?? ""}`.trim(),
			"What the browser came back with is not what this sign-in began with.",
		);
	}
	return error;
}

/** The pages' own credentials are wrong (RFC 6749, section 5.2). */
function isClientRefused(error: unknown): boolean {
	return (
		error instanceof ResponseBodyError &&
		["invalid_client", "unauthorized_client"].includes(error.error)
	);
}

/** Nobody answered (`fetch` throws a TypeError), in time, or with what a provider says. */
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
