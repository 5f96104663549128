import type { FastifyRequest } from "fastify";

/** The state of the queue, as the address has it. Absent values are the usual ones. */
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
 * The queue's state out of an address: the filters of the list, where an empty
 * value is none, in the order that suits the tab.
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

/** The order that a tab has when none is asked for. */
export function usualSort(status: QueueQuery["status"]): QueueQuery["sort"] {
	return status === "pending_review" ? "waiting" : "newest";
}

/** The address of the queue in this state: only what differs from the usual is in it. */
export function queueUrl(query: QueueQuery): string {
	const text = queueSearch(query);
	return text === "" ? "/" : `/?${text}`;
}

/** What follows a report's address: what its forms lead to, and its comparison. */
export type ReportStep =
	| "decide"
	| "decision"
	| "withdraw"
	| "withdrawal"
	| "compare"
	| "history";

/** The address of a report, or of a step about it, which keeps the page of the list that it was found on. */
export function reportUrl(
	id: string,
	list: QueueQuery,
	step?: ReportStep,
): string {
	const path = step ? `/reports/${id}/${step}` : `/reports/${id}`;
	const text = queueSearch(list);
	return text === "" ? path : `${path}?${text}`;
}

/** The queue's state as the fields of an address: only what differs from the usual. */
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
