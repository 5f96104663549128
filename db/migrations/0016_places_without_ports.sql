-- Why: two ports of one host may be two servers, or one that listens to both: nobody
-- can tell by the address. So a first report for a repository is marked for its
-- reviewer when a report of the same path on another port is live, and that is
-- asked at every submission.
CREATE INDEX reports_live_without_port
	ON mcp_server_reports (regexp_replace(canonical_key, '^([^/]+):\d+/', '\1/'))
	WHERE status IN ('pending_review', 'approved');
