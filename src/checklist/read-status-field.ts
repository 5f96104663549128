import type { FoundCheck } from "./find-check.ts";
import { type Claim, type Doubt, isPlainAnswer } from "./read-claim.ts";
import { readStatus } from "./read-status.ts";

/**
 * Reads a field such as `Status: Pass` below the name of its check.
 *
 * @param named The check, as its heading or list item names it.
 * @param text The text after the colon.
 */
export function readStatusField(
	named: FoundCheck,
	text: string,
	line: number,
): Claim {
	const { status, contradictory, rest } = readStatus(
		text,
		named.danger !== named.denied,
		(more) => isPlainAnswer(named, more),
	);
	const doubt: Doubt | null =
		status === "unreadable" && rest !== ""
			? { about: "status", text: rest }
			: null;
	const said = { status, contradictory, evidence: rest, line, doubt };
	return { ...named, ...said, aside: false };
}
