-- Why: what identifies a repository is known better than it was. The key of each
-- report's address by the present rules stands beside what was recorded, which
-- stays as it is. src/migration-steps.ts computes it: the rules are the program's.
-- And a repository may hold several servers, each in a folder of its own.

ALTER TABLE mcp_server_reports
	ADD COLUMN canonical_key text,
	-- The server's folder in its repository. NULL: the repository is one server's.
	ADD COLUMN subfolder varchar(200),
	-- By which folders are compared; empty for none.
	ADD COLUMN subfolder_key text NOT NULL DEFAULT '',
	-- Whether it was the first report for its folder while another server of its
	-- repository was live.
	ADD COLUMN beside_live_report boolean NOT NULL DEFAULT false,
	ADD CONSTRAINT reports_subfolder_has_key
		CHECK ((subfolder IS NULL) = (subfolder_key = ''));
