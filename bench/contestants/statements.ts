/**
 * What a contestant asks the database, hand-written: the same columns and the
 * same plan as the service's own statements. Each is a named prepared
 * statement, so that a peer is as fast as its framework lets it be.
 */
import { createHash } from "node:crypto";
import type pg from "pg";

const summary = `id, server_name, repository_url, subfolder, beside_live_report, status, submitted_at,
	developer_email, revision, approvals, reviewed_at, reviewed_by, risk_level, trifecta,
	completeness, error_count, critical_failures`;
const full = `${summary}, report_data, review_notes, content_sha256, decision_count, report_json`;

export const getReport = (id: string): pg.QueryConfig => ({
	name: "get",
	text: `SELECT ${full} FROM mcp_server_reports WHERE id = $1`,
	values: [id],
});

/** @param after the report that the page starts after; only the floor is asked for one */
export const listReports = (limit: number, after?: string): pg.QueryConfig =>
	after === undefined
		? {
				name: "list",
				text: `SELECT ${summary} FROM mcp_server_reports ORDER BY submitted_at DESC, id DESC LIMIT $1`,
				values: [limit],
			}
		: {
				name: "list after",
				text: `SELECT ${summary} FROM mcp_server_reports
					WHERE (submitted_at, id) < (SELECT submitted_at, id FROM mcp_server_reports WHERE id = $2)
					ORDER BY submitted_at DESC, id DESC LIMIT $1`,
				values: [limit, after],
			};

/** What is submitted, as far as a contestant looks at it. */
export interface Submission {
	server_name: string;
	repository_url: string;
	developer_email: string;
	report_data: string;
}

export const insertReport = (report: Submission): pg.QueryConfig => ({
	name: "submit",
	text: `INSERT INTO mcp_server_reports (server_name, repository_url, repository_key, canonical_key,
			developer_email, report_data, content_sha256, revision)
		VALUES ($1, $2, $3, $3, $4, $5, $6, (
			SELECT coalesce(max(revision), 0) + 1 FROM mcp_server_reports WHERE canonical_key = $3
		)) ON CONFLICT DO NOTHING RETURNING ${full}`,
	values: [
		report.server_name,
		report.repository_url,
		report.repository_url.replace(/^https:\/\//, "").toLowerCase(),
		report.developer_email,
		report.report_data,
		createHash("sha256").update(report.report_data).digest("hex"),
	],
});
