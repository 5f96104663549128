import { Refusal } from "../../core/errors.ts";
import { NewDecision } from "../../features/decisions/schema.ts";
import type {
	TypedDecision,
	WantedDecision,
} from "./components/decision-form.ts";

/**
 * Reads a decision's form.
 *
 * @param signedInAs who decides, whatever the form says; absent where nobody
 *   signs in
 * @throws TRPCError BAD_REQUEST if it does not say what to do
 */
export function readWanted(
	body: Record<string, unknown> | null,
	signedInAs: string | undefined,
): WantedDecision {
	const { status, reviewed_by, review_notes, decisions_seen } = body ?? {};
	const known = NewDecision.shape.status.safeParse(status);
	if (!known.success) {
		throw new Refusal(
			"BAD_REQUEST",
			"The form does not say whether to approve, reject or reopen.",
		);
	}
	return {
		status: known.data,
		reviewed_by: signedInAs ?? String(reviewed_by ?? "").trim(),
		// Browsers send line breaks as CRLF.
		review_notes: String(review_notes ?? "")
			.replaceAll("\r\n", "\n")
			.trim(),
		decisions_seen: /^\d{1,9}$/.test(String(decisions_seen))
			? Number(decisions_seen)
			: undefined,
	};
}

/** Returns what must be corrected before a report can be decided this way; `undefined` if nothing. */
export function findProblems(
	id: string,
	wanted: WantedDecision,
): TypedDecision["problems"] | undefined {
	const problems: TypedDecision["problems"] = {};
	const parsed = NewDecision.safeParse({ id, ...wanted });
	for (const { path, message } of parsed.error?.issues ?? []) {
		if (path[0] === "reviewed_by") problems.reviewed_by = message;
		if (path[0] === "review_notes") problems.review_notes = message;
	}
	if (wanted.status === "rejected" && wanted.review_notes === "") {
		problems.review_notes =
			"Say why: the developer needs it to write the next revision.";
	}
	return Object.keys(problems).length > 0 ? problems : undefined;
}
