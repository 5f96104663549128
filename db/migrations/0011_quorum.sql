-- Why: what is unknown is not safe. A report that leaves a critical check
-- unanswered takes as many reviewers as one that fails it; and what a report once
-- took does not sink because rules, settings or its repository's next revision say
-- less. That number stands here from the moment a review begins.

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
	ADD CONSTRAINT reports_require_somebody CHECK (approvals_required >= 1);

-- Only a review that begins anew may take fewer.
CREATE TRIGGER reports_requirement_only_rises
	BEFORE UPDATE OF approvals_required ON mcp_server_reports FOR EACH ROW
	WHEN (coalesce(NEW.approvals_required, 0) < OLD.approvals_required
		AND NOT (NEW.status = 'pending_review' AND OLD.status <> 'pending_review'))
	EXECUTE FUNCTION refuse_rewriting_history();
