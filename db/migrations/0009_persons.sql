-- Why: an e-mail address owns nothing. A report belongs to a person, who is an
-- issuer and a subject in columns of their own, and addresses are compared in one
-- canonical form, which stands beside what is shown. The program makes that form:
-- src/migration-steps.ts does so for the rows that are here already.

ALTER TABLE people ADD COLUMN email_canonical text;

ALTER TABLE report_approvals ADD COLUMN approver_canonical text;

ALTER TABLE mcp_server_reports
	-- NULL: what was given is no address.
	ADD COLUMN submitter_canonical text,
	-- NULL: submitted while the service ran without authentication, and not claimed.
	ADD COLUMN owner_issuer text,
	ADD COLUMN owner_sub text,
	-- When the owner proved that it is their address; NULL where they submitted it themselves.
	ADD COLUMN claimed_at timestamptz,
	ADD CONSTRAINT reports_owner_is_whole
		CHECK ((owner_issuer IS NULL) = (owner_sub IS NULL)),
	ADD CONSTRAINT reports_claimed_by_somebody
		CHECK (claimed_at IS NULL OR owner_sub IS NOT NULL);

-- What was written as one text: no issuer has a space in it.
ALTER TABLE mcp_server_reports DISABLE TRIGGER USER;
UPDATE mcp_server_reports SET
	owner_issuer = split_part(submitted_by_subject, ' ', 1),
	owner_sub = substr(submitted_by_subject, strpos(submitted_by_subject, ' ') + 1)
WHERE submitted_by_subject IS NOT NULL;
ALTER TABLE mcp_server_reports ENABLE TRIGGER USER;

DROP TRIGGER reports_keep_who_submitted ON mcp_server_reports;
ALTER TABLE mcp_server_reports
	DROP COLUMN owner_key,
	DROP COLUMN submitted_by_subject;

CREATE INDEX reports_by_owner_and_time
	ON mcp_server_reports (owner_issuer, owner_sub, submitted_at DESC, id DESC);
CREATE INDEX reports_to_claim
	ON mcp_server_reports (submitter_canonical) WHERE owner_sub IS NULL;

CREATE TRIGGER reports_keep_who_submitted
	BEFORE UPDATE OF submitter_canonical ON mcp_server_reports
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();

-- Who has none gets an owner once.
CREATE TRIGGER reports_keep_their_owner
	BEFORE UPDATE OF owner_issuer, owner_sub, claimed_at ON mcp_server_reports
	FOR EACH ROW WHEN (OLD.owner_sub IS NOT NULL)
	EXECUTE FUNCTION refuse_rewriting_history();

-- By ICU, not by what the database takes for lower case: in one of locale C that
-- is ASCII alone.
DROP INDEX audit_by_actor;
CREATE INDEX audit_by_actor
	ON audit_log ((lower(actor COLLATE "und-x-icu") COLLATE "C"), time, seq);
