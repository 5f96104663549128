-- Why: who submitted and who decided must be provable. People are known by what
-- the identity provider calls them for ever; access tokens and sessions act for
-- them; and reports, approvals and decisions keep who that was.

CREATE TABLE people (
	-- The issuer and its "sub", with a space between: e-mail addresses change hands.
	subject text NOT NULL,
	email varchar(255) NOT NULL,
	name text,
	-- As the identity provider last said.
	roles text[] NOT NULL,
	seen_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT person_pkey PRIMARY KEY (subject),
	CONSTRAINT person_roles_known
		CHECK (roles <@ ARRAY['developer', 'reviewer', 'auditor', 'admin'])
);

-- For programs that cannot sign in. The token itself is shown once and not kept.
CREATE TABLE access_tokens (
	id uuid NOT NULL DEFAULT gen_random_uuid(),
	owner_subject text NOT NULL,
	name varchar(100) NOT NULL,
	token_sha256 char(64) NOT NULL,
	scopes text[] NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	last_used_at timestamptz,
	revoked_at timestamptz,
	revoked_by varchar(255),
	CONSTRAINT tokens_pkey PRIMARY KEY (id),
	CONSTRAINT tokens_token_unique UNIQUE (token_sha256),
	CONSTRAINT tokens_owner_exists
		FOREIGN KEY (owner_subject) REFERENCES people (subject),
	CONSTRAINT tokens_are_limited CHECK (cardinality(scopes) > 0),
	CONSTRAINT tokens_expire CHECK (expires_at > created_at),
	CONSTRAINT tokens_revoked_by_somebody
		CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);

CREATE INDEX tokens_by_owner ON access_tokens (owner_subject, created_at DESC, id DESC);
CREATE INDEX tokens_by_time ON access_tokens (created_at DESC, id DESC);

-- Browsers that are signed in to the pages; signing out deletes the row.
CREATE TABLE sessions (
	session_sha256 char(64) NOT NULL,
	subject text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	CONSTRAINT session_pkey PRIMARY KEY (session_sha256),
	CONSTRAINT session_subject_exists
		FOREIGN KEY (subject) REFERENCES people (subject)
);

CREATE INDEX session_by_expiry ON sessions (expires_at);

-- NULL: submitted while the service ran without authentication.
ALTER TABLE mcp_server_reports
	ADD COLUMN submitted_by_subject text,
	-- Of the pending decision; some reports need more than one.
	ADD COLUMN approvals integer NOT NULL DEFAULT 0,
	-- By which "own reports" are found: who is known by nothing else is known by the address.
	ADD COLUMN owner_key text NOT NULL
		GENERATED ALWAYS AS (coalesce(submitted_by_subject, lower(developer_email))) STORED,
	ADD CONSTRAINT reports_approvals_count CHECK (approvals >= 0);

CREATE INDEX reports_by_owner_and_time
	ON mcp_server_reports (owner_key, submitted_at DESC, id DESC);

CREATE TRIGGER reports_keep_who_submitted
	BEFORE UPDATE OF submitted_by_subject ON mcp_server_reports
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();

ALTER TABLE report_decisions ADD COLUMN decided_by_subject text;

-- Approvals of signed-in reviewers. A round ends with a decision: a report that
-- was reopened needs all its approvals anew.
CREATE TABLE report_approvals (
	id bigint GENERATED ALWAYS AS IDENTITY,
	report_id uuid NOT NULL,
	round integer NOT NULL,
	approved_by varchar(255) NOT NULL,
	approver_subject text NOT NULL,
	notes text,
	approved_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT approvals_pkey PRIMARY KEY (id),
	CONSTRAINT approvals_report_exists
		FOREIGN KEY (report_id) REFERENCES mcp_server_reports (id),
	CONSTRAINT approvals_round_counts_from_zero CHECK (round >= 0),
	CONSTRAINT approvals_one_per_reviewer UNIQUE (report_id, round, approver_subject)
);

CREATE TRIGGER approvals_are_appended_only
	BEFORE UPDATE OR DELETE OR TRUNCATE ON report_approvals
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();

-- Decisions that a program asked for, and that wait for the person to confirm them.
CREATE TABLE decision_confirmations (
	token_sha256 char(64) NOT NULL,
	report_id uuid NOT NULL,
	status varchar(50) NOT NULL,
	notes text,
	requested_by_subject text NOT NULL,
	-- The program that asked, as it calls itself.
	client text,
	requested_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	used_at timestamptz,
	CONSTRAINT confirmations_pkey PRIMARY KEY (token_sha256),
	CONSTRAINT confirmations_report_exists
		FOREIGN KEY (report_id) REFERENCES mcp_server_reports (id),
	CONSTRAINT confirmations_reviewer_exists
		FOREIGN KEY (requested_by_subject) REFERENCES people (subject),
	CONSTRAINT confirmations_status_known
		CHECK (status IN ('pending_review', 'approved', 'rejected'))
);

CREATE INDEX confirmations_by_expiry ON decision_confirmations (expires_at);
