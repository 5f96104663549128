import { randomBytes } from "node:crypto";
import { conflict, Refusal, tooManyRequests } from "../../core/errors.ts";
import { type Confirmation, MAX_OPEN } from "./confirmation-schema.ts";

/**
 * Creates the secret of a link: 256 random bits, in letters and digits that no mail program cuts
 * off.
 */
export function makeSecret(): string {
	return randomBytes(32).toString("hex");
}

/** Returns the 404 for a link that was never made, or has been deleted. */
export function unknownConfirmation(): Refusal {
	return new Refusal(
		"NOT_FOUND",
		"This link was not made by the service, or it expired long ago. Request the approval again.",
	);
}

/** Returns the 403 for a link that somebody else requested. */
export function foreignConfirmation(email: string): Refusal {
	return new Refusal(
		"FORBIDDEN",
		`Somebody else requested this approval: you are signed in as ${email}. The person who requested it must confirm it.`,
	);
}

/** Returns the 403 for a confirmation outside a signed-in browser. */
export function confirmedByPeopleOnly(): Refusal {
	return new Refusal(
		"FORBIDDEN",
		"Only a person who is signed in with a browser can confirm an approval. Open the link there.",
	);
}

/** Returns the 429 for a person with the maximum number of open links. */
export function tooManyOpen(seconds: number): Refusal {
	return tooManyRequests(
		`You have ${MAX_OPEN} approvals waiting for your confirmation, which is the maximum. Confirm some in the browser, or try again when the first link has expired, in ${seconds} seconds.`,
		seconds,
	);
}

/** Why a link can no longer be confirmed, and what to do. */
export const reasons: Record<Exclude<Confirmation["state"], "open">, string> = {
	expired:
		"The link has expired: nothing was approved with it. Request the approval again, and confirm it within 15 minutes.",
	used: "This link has already been used, and each link works only once. The report's page shows its status.",
	outdated:
		"The report was decided after this link was made, so it no longer shows what you would approve: nothing was approved with it. Read the report in its current state, and request the approval again.",
};

/** Returns the 409 for a link that can no longer be confirmed. */
export function closedConfirmation(
	state: Exclude<Confirmation["state"], "open">,
): Refusal {
	return conflict(reasons[state]);
}
