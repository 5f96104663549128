import { TRPCError } from "@trpc/server";

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
	throw new TRPCError({
		code: "BAD_REQUEST",
		message: `after: ${words.missing} ${after}. Give ${words.give}, or leave it out to start at the newest.`,
	});
}
