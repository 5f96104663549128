import { randomBytes } from "node:crypto";
import { conflict, Refusal, tooManyRequests } from "../../core/errors.ts";
import { type Confirmation, MAX_OPEN } from "./confirmation-schema.ts";

/** The secret of a link: 256 random bits, in letters and digits that no mail program cuts off. */
export function makeSecret(): string {
	return randomBytes(32).toString("hex");
}

/** 404: nobody made this link, or long ago. */
export function unknownConfirmation(): Refusal {
	return new Refusal(
		"NOT_FOUND",
		"This link is not one that the service made, or it ended long ago. Ask for the approval again.",
	);
}

/** 403: a link is for whoever asked for it. */
export function foreignConfirmation(email: string): Refusal {
	return new Refusal(
		"FORBIDDEN",
		`Somebody else asked for this approval: you are signed in as ${email}. Whoever asked must confirm it.`,
	);
}

/** 403: a link is confirmed in a browser, where a person is signed in. */
export function confirmedByPeopleOnly(): Refusal {
	return new Refusal(
		"FORBIDDEN",
		"Only a person who is signed in with a browser can confirm an approval. Open the link there.",
	);
}

/** 429: so many approvals wait for this person that no further link is made. */
export function tooManyOpen(seconds: number): Refusal {
	return tooManyRequests(
		`You have ${MAX_OPEN} approvals that wait for your confirmation, and no more can. Confirm some in the browser, or ask again when the first link has expired, in ${seconds} seconds.`,
		seconds,
	);
}

/** Why a link that was good can be confirmed no more, and what to do. */
export const reasons: Record<Exclude<Confirmation["state"], "open">, string> = {
	expired:
		"The link has expired: nothing was approved with it. Ask for the approval again, and confirm it within 15 minutes.",
	used: "This link was used before, and a link counts once. The report's page tells where it stands.",
	outdated:
		"The report was decided after this link was made, so it no longer says what you would approve: nothing was approved with it. Read the report as it stands now, and ask again.",
};

/** 409: a link that can be confirmed no more. */
export function closedConfirmation(
	state: Exclude<Confirmation["state"], "open">,
): Refusal {
	return conflict(reasons[state]);
}
