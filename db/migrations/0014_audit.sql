-- Why: an auditor needs a request's id that no caller chose.

ALTER TABLE audit_log
	-- What the service itself calls the request; request_id may be the caller's.
	-- NULL in rows from before: what is null is not hashed, so they verify as ever.
	ADD COLUMN service_request_id text;

-- What was recorded of reading, so that one person makes one row of a report in
-- an hour, however many instances there are. Kept for a day.
CREATE TABLE audit_reads (
	-- Since 1970.
	hour integer NOT NULL,
	-- As audit_log.actor_subject.
	reader text NOT NULL,
	-- NULL: the audit log itself.
	report_id uuid,
	CONSTRAINT audit_reads_once UNIQUE NULLS NOT DISTINCT (hour, reader, report_id)
);
