-- Why: what is unknown is not safe. A report that leaves a critical check
-- unanswered takes as many reviewers as one that fails it; and what a report once
-- took does not sink because rules, settings or its repository's next revision say
-- less. That number stands here from the moment a review begins. And a report that
-- was rejected and reopened looks as it did before, but is not what a reviewer saw:
-- how many decisions there have been tells the two apart.

-- NULL: nobody knows, since there is no assessment, or none with a critical check.
CREATE FUNCTION critical_unanswered(assessment jsonb) RETURNS integer
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	-- Less those that are answered: whatever else stands there is no answer.
	RETURN (
		SELECT (count(*) - count(*) FILTER (
			WHERE "check" ->> 'status' IN ('pass', 'fail', 'warning', 'not_applicable')))::integer
		FROM jsonb_path_query(assessment,
			'$.phases[*].checks[*] ? (@.severity == "critical")') AS "check"
		HAVING count(*) > 0
	);

ALTER TABLE mcp_server_reports
	ADD COLUMN critical_unanswered integer
		GENERATED ALWAYS AS (critical_unanswered(assessment)) STORED,
	-- Distinct reviewers who must approve. NULL: nobody has reviewed it yet since
	-- before this column, or the service ran without authentication.
	ADD COLUMN approvals_required integer,
	ADD COLUMN decision_count integer NOT NULL DEFAULT 0,
	ADD CONSTRAINT reports_require_somebody CHECK (approvals_required >= 1),
	ADD CONSTRAINT reports_decisions_count CHECK (decision_count >= 0);

-- What hangs on a report's other columns stays as it is.
ALTER TABLE mcp_server_reports DISABLE TRIGGER USER;
UPDATE mcp_server_reports AS report SET decision_count = counted.decisions
FROM (
	SELECT report_id, count(*) AS decisions FROM report_decisions GROUP BY report_id
) AS counted
WHERE report.id = counted.report_id;
ALTER TABLE mcp_server_reports ENABLE TRIGGER USER;

-- Only a review that begins anew may take fewer.
CREATE TRIGGER reports_requirement_only_rises
	BEFORE UPDATE OF approvals_required ON mcp_server_reports FOR EACH ROW
	WHEN (coalesce(NEW.approvals_required, 0) < OLD.approvals_required
		AND NOT (NEW.status = 'pending_review' AND OLD.status <> 'pending_review'))
	EXECUTE FUNCTION refuse_rewriting_history();
