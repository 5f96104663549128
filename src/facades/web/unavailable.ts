import type { FastifyBaseLogger } from "fastify";
import { reportError } from "../../core/public-error.ts";

/** Why a page lacks one of its parts, and shows something simpler instead. */
export interface Unavailable {
	why: "too complex" | "busy" | "failed";
}

/**
 * Returns a part of a page, or why it is unavailable. Unexpected errors are
 * logged: the page is useful without the part.
 */
export async function orWhyNot<Part>(
	part: Promise<Part>,
	log: Pick<FastifyBaseLogger, "error" | "warn">,
): Promise<Part | Unavailable> {
	try {
		return await part;
	} catch (error) {
		const { status } = reportError(error, log);
		const why = { 422: "too complex", 503: "busy" } as const;
		return { why: why[status as keyof typeof why] ?? "failed" };
	}
}
