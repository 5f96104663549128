-- Why: a reviewer finds a report among a hundred thousand by a part of its name,
-- takes the riskiest or the longest waiting first, and sees true counts and
-- trends beside it. Each of these is answered from an index or from a table that
-- the database itself keeps in step, so that no page slows down as reports add up.
--
-- pg_trgm comes with PostgreSQL (in packages named postgresql-contrib) and is a
-- trusted extension: the role needs no more than CREATE on its own database.
-- The new columns are computed for every stored report, once, while this runs.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE FUNCTION finding_rules(assessment jsonb) RETURNS text[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN (
		SELECT array_agg(DISTINCT rule #>> '{}')
		FROM jsonb_path_query(assessment, '$.findings[*].rule') AS rule
	);

ALTER TABLE mcp_server_reports
	-- The order in which a reviewer takes them: what is unknown may be anything.
	ADD COLUMN risk_rank smallint NOT NULL GENERATED ALWAYS AS (
		CASE coalesce(assessment ->> 'risk_level', 'unknown')
			WHEN 'critical' THEN 1
			WHEN 'high' THEN 2
			WHEN 'unknown' THEN 3
			WHEN 'medium' THEN 4
			ELSE 5
		END
	) STORED,
	ADD COLUMN critical_failures integer GENERATED ALWAYS AS (
		jsonb_array_length(jsonb_path_query_array(assessment,
			'$.phases[*].checks[*] ? (@.severity == "critical" && @.status == "fail")'))
	) STORED,
	ADD COLUMN finding_rules text[]
		GENERATED ALWAYS AS (finding_rules(assessment)) STORED,
	-- A collation that knows every alphabet, whatever the database's own does.
	ADD COLUMN search_text text NOT NULL GENERATED ALWAYS AS (
		lower((server_name || E'\n' || repository_url || E'\n' || repository_key
			|| E'\n' || developer_email) COLLATE "und-x-icu")
	) STORED;

-- With the usual hundred histogram bounds one match by chance reads as a hundredth
-- of all reports, and a rare word is then looked for by reading in order.
ALTER TABLE mcp_server_reports ALTER COLUMN search_text SET STATISTICS 1000;

CREATE INDEX reports_by_search_text
	ON mcp_server_reports USING gin (search_text gin_trgm_ops);
-- Read backwards too: one risk's reports, newest first.
CREATE INDEX reports_by_risk
	ON mcp_server_reports (risk_rank, submitted_at, id);
CREATE INDEX reports_by_status_and_risk
	ON mcp_server_reports (status, risk_rank, submitted_at, id);
CREATE INDEX reports_by_trifecta_and_time
	ON mcp_server_reports (trifecta, submitted_at DESC, id DESC);
-- Without it the order of risk would be searched in vain: what is complete is critical.
CREATE INDEX reports_by_trifecta_and_risk
	ON mcp_server_reports (trifecta, risk_rank, submitted_at, id);
DROP INDEX reports_by_risk_and_time;

CREATE INDEX decisions_by_time ON report_decisions (decided_at);

-- How many reports there are of each kind. Counting a million takes more than a
-- tenth of a second, for every look at the queue; summing these rows takes less
-- than one millisecond. A count is the sum over its shards (one's own number may
-- be negative): submissions that run side by side must not wait for each other's
-- row. Measured with ten at once: one row halves their rate, sixteen cost a tenth.
CREATE TABLE report_counts (
	shard smallint NOT NULL,
	status varchar(50) NOT NULL,
	risk_level text NOT NULL,
	trifecta text NOT NULL,
	has_errors boolean,
	reports bigint NOT NULL,
	CONSTRAINT counts_one_per_shard_and_kind
		UNIQUE NULLS NOT DISTINCT (shard, status, risk_level, trifecta, has_errors)
) WITH (fillfactor = 50);

CREATE FUNCTION count_reports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'INSERT' THEN
		INSERT INTO report_counts AS counted
		SELECT pg_backend_pid() % 16, status, risk_level, trifecta, error_count > 0 AS has_errors,
			count(*)
		FROM new_reports
		GROUP BY status, risk_level, trifecta, has_errors
		ORDER BY status, risk_level, trifecta, has_errors
		ON CONFLICT ON CONSTRAINT counts_one_per_shard_and_kind
			DO UPDATE SET reports = counted.reports + excluded.reports;
	ELSE
		INSERT INTO report_counts AS counted
		SELECT pg_backend_pid() % 16, status, risk_level, trifecta, has_errors, sum(change)
		FROM (
			SELECT status, risk_level, trifecta, error_count > 0 AS has_errors, 1 AS change
			FROM new_reports
			UNION ALL
			SELECT status, risk_level, trifecta, error_count > 0, -1
			FROM old_reports
		) AS changes
		GROUP BY status, risk_level, trifecta, has_errors
		HAVING sum(change) <> 0
		-- In one order, so that two statements that share a shard cannot block each other.
		ORDER BY status, risk_level, trifecta, has_errors
		ON CONFLICT ON CONSTRAINT counts_one_per_shard_and_kind
			DO UPDATE SET reports = counted.reports + excluded.reports;
	END IF;
	RETURN NULL;
END
$$;

INSERT INTO report_counts
SELECT 0, status, risk_level, trifecta, error_count > 0, count(*)
FROM mcp_server_reports
GROUP BY status, risk_level, trifecta, error_count > 0;

CREATE TRIGGER reports_are_counted_when_submitted
	AFTER INSERT ON mcp_server_reports REFERENCING NEW TABLE AS new_reports
	FOR EACH STATEMENT EXECUTE FUNCTION count_reports();
CREATE TRIGGER reports_are_counted_when_changed
	AFTER UPDATE ON mcp_server_reports
	REFERENCING OLD TABLE AS old_reports NEW TABLE AS new_reports
	FOR EACH STATEMENT EXECUTE FUNCTION count_reports();

-- One row per repository: its newest report, the one that is live, and by these
-- where the server stands. Finding the newest among all reports would read them all.
CREATE TABLE mcp_servers (
	repository_key text NOT NULL,
	status varchar(50) NOT NULL,
	newest_report_id uuid NOT NULL,
	newest_submitted_at timestamptz NOT NULL,
	live_report_id uuid,
	CONSTRAINT servers_pkey PRIMARY KEY (repository_key),
	CONSTRAINT servers_newest_report_exists
		FOREIGN KEY (newest_report_id) REFERENCES mcp_server_reports (id),
	CONSTRAINT servers_live_report_exists
		FOREIGN KEY (live_report_id) REFERENCES mcp_server_reports (id),
	CONSTRAINT servers_status_matches_live_report
		CHECK ((live_report_id IS NOT NULL) = (status IN ('pending_review', 'approved')))
);

CREATE INDEX servers_by_time
	ON mcp_servers (newest_submitted_at DESC, newest_report_id DESC);
CREATE INDEX servers_by_status_and_time
	ON mcp_servers (status, newest_submitted_at DESC, newest_report_id DESC);
CREATE UNIQUE INDEX servers_by_newest_report ON mcp_servers (newest_report_id);

CREATE FUNCTION keep_servers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	-- First the lock, then a statement that sees what the lock's last holder did.
	PERFORM FROM mcp_servers
	WHERE repository_key IN (SELECT repository_key FROM new_reports)
	ORDER BY repository_key FOR UPDATE;

	INSERT INTO mcp_servers
	SELECT changed.repository_key, coalesce(live.status, newest.status),
		newest.id, newest.submitted_at, live.id
	FROM (SELECT DISTINCT repository_key FROM new_reports) AS changed
	CROSS JOIN LATERAL (
		SELECT id, submitted_at, status FROM mcp_server_reports AS report
		WHERE report.repository_key = changed.repository_key
		ORDER BY revision DESC LIMIT 1
	) AS newest
	LEFT JOIN mcp_server_reports AS live
		ON live.repository_key = changed.repository_key
		AND live.status IN ('pending_review', 'approved')
	ORDER BY changed.repository_key
	ON CONFLICT (repository_key) DO UPDATE SET
		status = excluded.status,
		newest_report_id = excluded.newest_report_id,
		newest_submitted_at = excluded.newest_submitted_at,
		live_report_id = excluded.live_report_id
	WHERE (mcp_servers.status, mcp_servers.newest_report_id, mcp_servers.live_report_id)
		IS DISTINCT FROM (excluded.status, excluded.newest_report_id, excluded.live_report_id);
	RETURN NULL;
END
$$;

INSERT INTO mcp_servers
SELECT newest.repository_key, coalesce(live.status, newest.status),
	newest.id, newest.submitted_at, live.id
FROM (
	SELECT DISTINCT ON (repository_key) repository_key, id, submitted_at, status
	FROM mcp_server_reports
	ORDER BY repository_key, revision DESC
) AS newest
LEFT JOIN mcp_server_reports AS live
	ON live.repository_key = newest.repository_key
	AND live.status IN ('pending_review', 'approved');

CREATE TRIGGER servers_follow_submissions
	AFTER INSERT ON mcp_server_reports REFERENCING NEW TABLE AS new_reports
	FOR EACH STATEMENT EXECUTE FUNCTION keep_servers();
CREATE TRIGGER servers_follow_decisions
	AFTER UPDATE ON mcp_server_reports REFERENCING NEW TABLE AS new_reports
	FOR EACH STATEMENT EXECUTE FUNCTION keep_servers();
