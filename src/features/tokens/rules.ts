import { conflict, Refusal } from "../../core/errors.ts";
import { MAX_LIVING_TOKENS } from "./schema.ts";

/** Returns the 404 for a token that does not exist, or that belongs to somebody else. */
export function unknownToken(id: string): Refusal {
	return new Refusal(
		"NOT_FOUND",
		`There is no access token with the id ${id} that you may see. List them to find the right one.`,
	);
}

/** Returns the 409 for an owner with the maximum number of tokens. */
export function tooManyTokens(owner: string): Refusal {
	return conflict(
		`${owner} has ${MAX_LIVING_TOKENS} valid access tokens, which is the maximum. Revoke one that is no longer needed, and then create the new one.`,
		{},
		`Nobody may have more than ${MAX_LIVING_TOKENS} valid access tokens.`,
	);
}
