import type { FastifyRequest } from "fastify";

/** The state of the queue as in the address. Absent values are the defaults. */
export interface QueueQuery {
	status: "pending_review" | "approved" | "rejected" | "all";
	sort: "waiting" | "newest" | "risk";
	search?: string | undefined;
	risk_level?: string | undefined;
	trifecta?: string | undefined;
	has_errors?: string | undefined;
	after?: string | undefined;
}

/**
 * Reads the queue's state from an address: the filters of the list, with empty
 * values ignored, and the tab's order.
 */
export function readQueueQuery(request: FastifyRequest): QueueQuery {
	const given = Object.fromEntries(
		Object.entries(request.query as Record<string, string>).filter(
			([, value]) => value !== "",
		),
	);
	const status = (given.status ?? "pending_review") as QueueQuery["status"];
	const { search, risk_level, trifecta, has_errors, after } = given;
	return {
		status,
		sort: (given.sort as QueueQuery["sort"]) ?? usualSort(status),
		search,
		risk_level,
		trifecta,
		has_errors,
		after,
	};
}

/** Returns the default order of a tab. */
export function usualSort(status: QueueQuery["status"]): QueueQuery["sort"] {
	return status === "pending_review" ? "waiting" : "newest";
}

/** Returns the address of the queue in this state, containing only what differs from the defaults. */
export function queueUrl(query: QueueQuery): string {
	const text = queueSearch(query);
	return text === "" ? "/" : `/?${text}`;
}

/** The last part of the address of a report's forms and comparison. */
export type ReportStep =
	| "decide"
	| "decision"
	| "withdraw"
	| "withdrawal"
	| "compare"
	| "history";

/** Returns the address of a report, or of a step about it, including the page of the list it was found on. */
export function reportUrl(
	id: string,
	list: QueueQuery,
	step?: ReportStep,
): string {
	const path = step ? `/reports/${id}/${step}` : `/reports/${id}`;
	const text = queueSearch(list);
	return text === "" ? path : `${path}?${text}`;
}

/** Returns the queue's state as the fields of an address: only what differs from the defaults. */
export function queueFields(
	query: QueueQuery,
): [name: string, value: string][] {
	return Object.entries(query).filter(
		([name, value]) =>
			value &&
			!(name === "status" && value === "pending_review") &&
			!(name === "sort" && value === usualSort(query.status)),
	);
}

function queueSearch(query: QueueQuery): string {
	return new URLSearchParams(queueFields(query)).toString();
}
