-- Why: the record a go-live review leaves behind. A report is what a developer
-- submitted about one MCP server; a decision is what a reviewer did with it.
-- Both are evidence, so the database itself refuses to change or delete them:
-- only the review columns of a report follow its latest decision.

CREATE TABLE mcp_server_reports (
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	server_name varchar(255) NOT NULL,
	repository_url varchar(500) NOT NULL,
	repository_key text NOT NULL,
	revision integer NOT NULL,
	developer_email varchar(255) NOT NULL,
	report_data text NOT NULL,
	report_json jsonb,
	content_sha256 char(64) NOT NULL,
	status varchar(50) NOT NULL DEFAULT 'pending_review',
	submitted_at timestamptz NOT NULL DEFAULT now(),
	reviewed_at timestamptz,
	reviewed_by varchar(255),
	review_notes text,
	CONSTRAINT reports_pkey PRIMARY KEY (id),
	CONSTRAINT reports_revision_counts_from_one CHECK (revision >= 1),
	CONSTRAINT reports_json_is_object CHECK (jsonb_typeof(report_json) = 'object'),
	CONSTRAINT reports_status_known
		CHECK (status IN ('pending_review', 'approved', 'rejected')),
	CONSTRAINT reports_review_matches_status CHECK (
		CASE WHEN status = 'pending_review'
			THEN reviewed_at IS NULL AND reviewed_by IS NULL AND review_notes IS NULL
			ELSE reviewed_at IS NOT NULL AND reviewed_by IS NOT NULL
		END
	),
	CONSTRAINT reports_repository_revision_unique UNIQUE (repository_key, revision)
);

-- One live report per repository; a rejected one leaves the way free for the next revision.
CREATE UNIQUE INDEX reports_one_live_per_repository ON mcp_server_reports (repository_key)
	WHERE status IN ('pending_review', 'approved');

-- The lists: newest first, ties broken by id, of all, one status or one repository.
CREATE INDEX reports_by_time ON mcp_server_reports (submitted_at DESC, id DESC);
CREATE INDEX reports_by_status_and_time
	ON mcp_server_reports (status, submitted_at DESC, id DESC);
CREATE INDEX reports_by_repository_and_time
	ON mcp_server_reports (repository_key, submitted_at DESC, id DESC);

CREATE TABLE report_decisions (
	id bigint GENERATED ALWAYS AS IDENTITY,
	report_id uuid NOT NULL,
	from_status varchar(50) NOT NULL,
	to_status varchar(50) NOT NULL,
	decided_by varchar(255) NOT NULL,
	notes text,
	decided_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT decisions_pkey PRIMARY KEY (id),
	CONSTRAINT decisions_report_exists
		FOREIGN KEY (report_id) REFERENCES mcp_server_reports (id),
	CONSTRAINT decisions_from_known
		CHECK (from_status IN ('pending_review', 'approved', 'rejected')),
	CONSTRAINT decisions_to_known
		CHECK (to_status IN ('pending_review', 'approved', 'rejected')),
	CONSTRAINT decisions_change_something CHECK (from_status <> to_status)
);

CREATE INDEX decisions_by_report ON report_decisions (report_id, id);

CREATE FUNCTION refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '% on % is refused: reports and decisions are immutable history',
		TG_OP, TG_TABLE_NAME
		USING ERRCODE = 'restrict_violation';
END
$$;

-- A statement that so much as names a submitted column is refused, same value or not.
CREATE TRIGGER reports_keep_what_was_submitted
	BEFORE UPDATE OF id, server_name, repository_url, repository_key, revision,
		developer_email, report_data, report_json, content_sha256, submitted_at
	ON mcp_server_reports
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();

CREATE TRIGGER reports_are_never_deleted
	BEFORE DELETE OR TRUNCATE ON mcp_server_reports
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();

CREATE TRIGGER decisions_are_appended_only
	BEFORE UPDATE OR DELETE OR TRUNCATE ON report_decisions
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();
