import { z } from "zod";
import { Refusal } from "./errors.ts";
import { withDefault } from "./fields.ts";

/** Rows in a page of a list when the caller does not say. */
export const DEFAULT_PAGE_SIZE = 50;

/** How many rows a page has at the most; a part of every list's input. */
export const limit = withDefault(
	z.coerce
		.number<number>("Must be a number from 1 to 200.")
		.int("Must be a whole number from 1 to 200.")
		.min(1, "Must be at least 1.")
		.max(200, "Must be at most 200."),
	DEFAULT_PAGE_SIZE,
).describe("How many reports at the most.");

/**
 * Refuses the page after a row that never existed. Any other empty page is the
 * end of its list.
 *
 * @param after the key of the row to start after, if one was given
 * @param isKnown whether there is, or was, such a row for who asks
 * @param words what the caller is told: that the row is missing, up to its key,
 *   and what to give instead
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
