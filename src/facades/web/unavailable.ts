import type { FastifyBaseLogger } from "fastify";
import { reportError } from "../../core/public-error.ts";

/** Why a page does without a part of it, and shows something simpler in its place. */
export interface Unavailable {
	why: "too complex" | "busy" | "failed";
}

/**
 * A part of a page, or why it cannot be had. What nobody expected goes to the
 * log: the page is of use without it.
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
