import { assessReport } from "../../checklist/assess.ts";
import type { Assessment } from "../../checklist/assessment-schema.ts";
import type { AssessOptions } from "../../checklist/reading.ts";
import type { Draft } from "./schema.ts";

/** The input of an assessment: a draft, or a stored report. */
type Assessable = Omit<Draft, "report_json"> & {
	/** As an object, or as JSON text, which is cheaper to pass to another process. */
	report_json?: Record<string, unknown> | string | null | undefined;
};

/**
 * Assesses a report; its header may contradict what the submission says about the server and the
 * submitter.
 */
export function assess(
	report: Assessable,
	forges: Pick<AssessOptions, "aliases"> = {},
): Assessment {
	const { server_name, repository_url, developer_email, report_json } = report;
	return assessReport(report.report_data, {
		...forges,
		...(report_json && {
			reportJson:
				typeof report_json === "string" ? JSON.parse(report_json) : report_json,
		}),
		submission: {
			...(server_name !== undefined && { server_name }),
			...(repository_url !== undefined && { repository_url }),
			...(developer_email !== undefined && { developer_email }),
		},
	});
}
