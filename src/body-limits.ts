import { TRPCError } from "@trpc/server";

/** Bytes of a body that any request may have: notes of 10,000 characters, however a client escapes them in JSON. */
export const SMALL_BODY = 64 * 1024;

/**
 * Bytes of a body that brings a whole report: 1 MiB of Markdown and 1 MiB of
 * structured data, however a client escapes them (`\u00e6` takes three bytes
 * for one).
 */
export const REPORT_BODY = 8 * 1024 * 1024;

/**
 * 413: the body is larger than what is asked can need.
 *
 * @param limit the bytes that are taken there
 */
export function bodyTooLarge(limit: number): TRPCError {
	return new TRPCError({
		code: "PAYLOAD_TOO_LARGE",
		message:
			limit === REPORT_BODY
				? "The request body is too large: at most 8 MiB are taken here. That is room for a report of 1 MiB, however it is escaped."
				: `The request body is too large: at most ${limit / 1024} KiB are taken here. Only what takes a whole report takes more.`,
	});
}
