import { z } from "zod";
import { optional } from "../../core/fields.ts";
import { limit } from "../../core/paging.ts";
import { Decision } from "../decisions/schema.ts";
import { ReportFilter } from "../queue/schema.ts";
import { ReportId, ReportStatus, ReportSummary } from "../reports/schema.ts";

const { id } = ReportId.shape;
const summaryExample = ReportSummary.meta()?.examples?.[0] as ReportSummary;
const decisionExample = Decision.meta()?.examples?.[0] as Decision;

/**
 * One server, in a repository or a folder of it: its newest report, and the status that results
 * from all of its reports.
 */
export const Server = ReportSummary.extend({
	id: id.describe("The id of the repository's newest report."),
	repository_key: z
		.string()
		.describe(
			"What all spellings of the repository's URL have in common; several servers may share it, each with a subfolder of its own.",
		),
	status: ReportStatus.describe("The status of the newest report."),
	server_status: ReportStatus.describe(
		"The server's status: that of its live report, the one that is pending or approved, or rejected when there is none. An older revision that was reopened is live again.",
	),
	live_report_id: id
		.nullable()
		.describe(
			"The report that is pending or approved; null if there is none, or none that the caller may know about.",
		),
	revision: ReportSummary.shape.revision.describe(
		"The newest report's revision, which is the number of revisions.",
	),
	last_decision: Decision.nullable().describe(
		"The last decision about any of the server's reports that the caller may know about.",
	),
	is_own: z
		.boolean()
		.describe(
			"Whether the newest report is the caller's own; false where nobody signs in.",
		),
}).meta({
	id: "Server",
	examples: [
		{
			...summaryExample,
			status: "approved",
			reviewed_at: decisionExample.decided_at,
			reviewed_by: decisionExample.decided_by,
			repository_key: "github.com/intility/mcp-servicenow",
			server_status: "approved",
			live_report_id: summaryExample.id,
			last_decision: decisionExample,
			is_own: true,
		},
	],
});
export type Server = z.infer<typeof Server>;

/** Selects servers, and a page of them. */
export const ServerFilter = z.object({
	status: ReportFilter.shape.status.describe(
		"Only servers with this status; approved ones form the catalogue, all is the same as no filter.",
	),
	search: ReportFilter.shape.search.describe(
		"Only servers whose newest report has this text in the server name, the repository or the developer's e-mail address, regardless of case.",
	),
	limit: limit.describe("Maximum number of servers."),
	after: optional(
		id.describe(
			"The id of the last server already seen; the page starts after it.",
		),
	),
});
export type ServerFilter = z.infer<typeof ServerFilter>;
