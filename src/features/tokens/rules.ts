import { conflict, Refusal } from "../../core/errors.ts";
import { MAX_LIVING_TOKENS } from "./schema.ts";

/** 404 for a token that does not exist, or that is another's. */
export function unknownToken(id: string): Refusal {
	return new Refusal(
		"NOT_FOUND",
		`There is no access token with the id ${id} that you may see. List them to find the right one.`,
	);
}

/** 409: an owner has as many tokens as one can look after. */
export function tooManyTokens(owner: string): Refusal {
	return conflict(
		`${owner} has ${MAX_LIVING_TOKENS} access tokens that still count, and nobody has more. Revoke one that is not needed any more, and make the new one then.`,
		{},
		`Nobody has more than ${MAX_LIVING_TOKENS} access tokens that still count.`,
	);
}
