import { z } from "zod";
import { Refusal } from "./errors.ts";
import { withDefault } from "./fields.ts";

/** Default number of rows in a page of a list. */
export const DEFAULT_PAGE_SIZE = 50;

/** The maximum number of rows in a page; a member of every list's input. */
export const limit = withDefault(
	z.coerce
		.number<number>("Must be a number from 1 to 200.")
		.int("Must be a whole number from 1 to 200.")
		.min(1, "Must be at least 1.")
		.max(200, "Must be at most 200."),
	DEFAULT_PAGE_SIZE,
).describe("Maximum number of reports.");

/**
 * Refuses the page after a row that never existed. Any other empty page is the end of its list.
 *
 * @param after the key of the row to start after, if one was given
 * @param isKnown whether such a row exists or existed for this caller
 * @param words parts of the message: that the row is missing, up to its key, and what to give
 * instead
 * @throws TRPCError `BAD_REQUEST`
 */
export async function refuseUnknownStart<Key extends string | number>(
	page: readonly unknown[],
	after: Key | undefined,
	isKnown: (after: Key) => Promise<unknown>,
	words: { missing: string; give: string },
): Promise<void> {
	if (page.length > 0 || after === undefined || (await isKnown(after))) return;
	throw new Refusal(
		"BAD_REQUEST",
		`after: ${words.missing} ${after}. Give ${words.give}, or leave it out to start at the newest.`,
	);
}
