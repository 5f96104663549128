-- Why: the service reads every report by itself (check by check, findings, risk),
-- so that a reviewer sees at once what is missing, failed or contradictory. The
-- assessment is advice and may be computed anew when rules change; what the lists
-- show and filter by is drawn out of it by the database, so the two cannot differ.
-- NULL: a report from before, not assessed yet.

ALTER TABLE mcp_server_reports
	ADD COLUMN assessment jsonb,
	ADD COLUMN checklist_version text
		GENERATED ALWAYS AS (assessment ->> 'checklist_version') STORED,
	ADD COLUMN risk_level text NOT NULL
		GENERATED ALWAYS AS (coalesce(assessment ->> 'risk_level', 'unknown')) STORED,
	ADD COLUMN trifecta text NOT NULL
		GENERATED ALWAYS AS (coalesce(assessment #>> '{trifecta,combination}', 'unknown')) STORED,
	ADD COLUMN completeness integer
		GENERATED ALWAYS AS ((assessment ->> 'completeness')::integer) STORED,
	ADD COLUMN error_count integer
		GENERATED ALWAYS AS ((assessment ->> 'error_count')::integer) STORED;

CREATE INDEX reports_by_risk_and_time
	ON mcp_server_reports (risk_level, submitted_at DESC, id DESC);
CREATE INDEX reports_with_errors_by_time
	ON mcp_server_reports (submitted_at DESC, id DESC) WHERE error_count > 0;
CREATE INDEX reports_without_errors_by_time
	ON mcp_server_reports (submitted_at DESC, id DESC) WHERE error_count = 0;
