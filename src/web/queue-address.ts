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

/** What is at a report's address: its page, or what its forms lead to. */
export type ReportStep = "decide" | "decision" | "withdraw" | "withdrawal";

/** The address of a report, or of a step about it, which keeps the list that it was found in. */
export function reportUrl(
	id: string,
	list: QueueQuery,
	step?: ReportStep,
): string {
	const path = step ? `/reports/${id}/${step}` : `/reports/${id}`;
	const text = queueSearch({ ...list, after: undefined });
	return text === "" ? path : `${path}?${text}`;
}

function queueSearch(query: QueueQuery): string {
	const entries = Object.entries(query).filter(
		([name, value]) =>
			value &&
			!(name === "status" && value === "pending_review") &&
			!(name === "sort" && value === usualSort(query.status)),
	);
	return new URLSearchParams(entries as [string, string][]).toString();
}
