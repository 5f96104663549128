-- Why: one repository has one key, however its address is spelled, and in each of
-- its folders one live report: lists, servers, revisions and what may be live go
-- by these two from now on.

ALTER TABLE mcp_server_reports
	ALTER COLUMN canonical_key SET NOT NULL,
	-- Two histories that turned out to be of one repository both begin at 1.
	DROP CONSTRAINT reports_repository_revision_unique,
	ADD CONSTRAINT reports_repository_revision_unique
		UNIQUE (repository_key, subfolder_key, revision);

-- What is written without the program, as from another system, goes by the key
-- that it brings.
CREATE FUNCTION default_canonical_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.canonical_key := NEW.repository_key;
	RETURN NEW;
END
$$;
CREATE TRIGGER reports_have_a_canonical_key
	BEFORE INSERT ON mcp_server_reports FOR EACH ROW
	WHEN (NEW.canonical_key IS NULL)
	EXECUTE FUNCTION default_canonical_key();

DROP INDEX reports_one_live_per_repository;
CREATE UNIQUE INDEX reports_one_live_per_server
	ON mcp_server_reports (canonical_key, subfolder_key)
	WHERE status IN ('pending_review', 'approved');

DROP INDEX reports_by_repository_and_time;
CREATE INDEX reports_by_repository_and_time
	ON mcp_server_reports (canonical_key, submitted_at DESC, id DESC);
CREATE INDEX reports_by_server_and_revision
	ON mcp_server_reports (canonical_key, subfolder_key, revision DESC);

DROP TRIGGER reports_keep_what_was_submitted ON mcp_server_reports;
CREATE TRIGGER reports_keep_what_was_submitted
	BEFORE UPDATE OF id, server_name, repository_url, repository_key, revision,
		developer_email, report_data, report_json, content_sha256, submitted_at,
		subfolder, subfolder_key, beside_live_report
	ON mcp_server_reports
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();

-- Who searches for an address is given its key.
ALTER TABLE mcp_server_reports DROP COLUMN search_text;
ALTER TABLE mcp_server_reports
	ADD COLUMN search_text text NOT NULL GENERATED ALWAYS AS (
		lower((server_name || E'\n' || repository_url || E'\n' || canonical_key
			|| E'\n' || coalesce(subfolder, '') || E'\n' || developer_email)
			COLLATE "und-x-icu")
	) STORED;
ALTER TABLE mcp_server_reports ALTER COLUMN search_text SET STATISTICS 1000;
CREATE INDEX reports_by_search_text
	ON mcp_server_reports USING gin (search_text gin_trgm_ops) WITH (fastupdate = off);

DELETE FROM mcp_servers;
ALTER TABLE mcp_servers DROP CONSTRAINT servers_pkey;
ALTER TABLE mcp_servers RENAME COLUMN repository_key TO canonical_key;
ALTER TABLE mcp_servers
	ADD COLUMN subfolder_key text NOT NULL,
	ADD CONSTRAINT servers_pkey PRIMARY KEY (canonical_key, subfolder_key);

CREATE OR REPLACE FUNCTION keep_servers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	-- First the lock, then a statement that sees what the lock's last holder did.
	PERFORM FROM mcp_servers
	WHERE (canonical_key, subfolder_key) IN
		(SELECT canonical_key, subfolder_key FROM new_reports)
	ORDER BY canonical_key, subfolder_key FOR UPDATE;

	INSERT INTO mcp_servers
		(canonical_key, subfolder_key, status, newest_report_id, newest_submitted_at, live_report_id)
	SELECT changed.canonical_key, changed.subfolder_key,
		coalesce(live.status, newest.status), newest.id, newest.submitted_at, live.id
	FROM (SELECT DISTINCT canonical_key, subfolder_key FROM new_reports) AS changed
	CROSS JOIN LATERAL (
		SELECT id, submitted_at, status FROM mcp_server_reports AS report
		WHERE report.canonical_key = changed.canonical_key
			AND report.subfolder_key = changed.subfolder_key
		-- Not by revision: of two histories in one, the longer may be the older.
		ORDER BY submitted_at DESC, revision DESC, id DESC LIMIT 1
	) AS newest
	LEFT JOIN mcp_server_reports AS live
		ON live.canonical_key = changed.canonical_key
		AND live.subfolder_key = changed.subfolder_key
		AND live.status IN ('pending_review', 'approved')
	ORDER BY changed.canonical_key, changed.subfolder_key
	ON CONFLICT (canonical_key, subfolder_key) DO UPDATE SET
		status = excluded.status,
		newest_report_id = excluded.newest_report_id,
		newest_submitted_at = excluded.newest_submitted_at,
		live_report_id = excluded.live_report_id
	WHERE (mcp_servers.status, mcp_servers.newest_report_id, mcp_servers.live_report_id)
		IS DISTINCT FROM (excluded.status, excluded.newest_report_id, excluded.live_report_id);
	RETURN NULL;
END
$$;

-- All servers anew, from their reports: after keys have changed.
CREATE FUNCTION rebuild_servers() RETURNS void LANGUAGE sql AS $$
	DELETE FROM mcp_servers;
	INSERT INTO mcp_servers
		(canonical_key, subfolder_key, status, newest_report_id, newest_submitted_at, live_report_id)
	SELECT newest.canonical_key, newest.subfolder_key,
		coalesce(live.status, newest.status), newest.id, newest.submitted_at, live.id
	FROM (
		SELECT DISTINCT ON (canonical_key, subfolder_key)
			canonical_key, subfolder_key, id, submitted_at, status
		FROM mcp_server_reports
		ORDER BY canonical_key, subfolder_key, submitted_at DESC, revision DESC, id DESC
	) AS newest
	LEFT JOIN mcp_server_reports AS live
		ON live.canonical_key = newest.canonical_key
		AND live.subfolder_key = newest.subfolder_key
		AND live.status IN ('pending_review', 'approved');
$$;

SELECT rebuild_servers();
