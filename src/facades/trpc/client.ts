import { createTRPCClient, httpBatchLink, type TRPCClient } from "@trpc/client";
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import type { AppRouter } from "../../router.ts";

/** The error of a failed call; exported here, so that a program can recognise it without a second package. */
export { TRPCClientError } from "@trpc/client";
export type { Assessment, Finding } from "../../checklist/assessment-schema.ts";
export type { Checklist } from "../../checklist/schema.ts";
export type {
	ReportTotals,
	RiskDistribution,
} from "../../features/analytics/schema.ts";
export type {
	ReportIssue,
	ReportIssues,
} from "../../features/assessments/schema.ts";
export type { AuditEntry, AuditFilter } from "../../features/audit/schema.ts";
export type {
	Approvals,
	Decision,
	NewDecision,
	Revision,
} from "../../features/decisions/schema.ts";
export type { Overview } from "../../features/overview/schema.ts";
export type {
	Neighbours,
	QueueState,
	ReportCounts,
	ReportFilter,
} from "../../features/queue/schema.ts";
export type {
	ReportStatus,
	ReportSummary,
} from "../../features/reports/schema.ts";
export type { Server, ServerFilter } from "../../features/servers/schema.ts";
export type {
	AccessToken,
	NewAccessToken,
} from "../../features/tokens/schema.ts";
export type { AppRouter };

/** The input of each procedure, as in `Inputs["reports"]["submit"]`. */
export type Inputs = inferRouterInputs<AppRouter>;

/** The output of each procedure, as in `Outputs["reports"]["list"]`. */
export type Outputs = inferRouterOutputs<AppRouter>;

export type NewReport = Inputs["reports"]["submit"];
export type Draft = Inputs["reports"]["check"];
export type Report = Outputs["reports"]["get"];

/** Options of a client. */
export interface ClientOptions {
	/** Sent with every request, such as `authorization`. */
	headers?: Record<string, string>;
	/** Another `fetch`, for proxies, retries or tests. */
	fetch?: NonNullable<Parameters<typeof httpBatchLink>[0]["fetch"]>;
}

/**
 * Creates a typed client of the service, over tRPC. Calls made in the same tick
 * travel in one HTTP request. A failed call throws `TRPCClientError`, whose
 * `data` holds `code`, `httpStatus`, `request_id` and, for invalid input,
 * `issues`.
 *
 * @param url where the service is, such as `http://127.0.0.1:8080`
 */
export function createClient(
	url: string,
	options: ClientOptions = {},
): TRPCClient<AppRouter> {
	return createTRPCClient<AppRouter>({
		links: [
			httpBatchLink({
				url: `${url.replace(/\/+$/, "")}/trpc`,
				// Longer batches of queries are split: proxies refuse very long URLs.
				maxURLLength: 2000,
				// The maximum that the service accepts.
				maxItems: 20,
				...(options.headers && { headers: options.headers }),
				...(options.fetch && { fetch: options.fetch }),
			}),
		],
	});
}
