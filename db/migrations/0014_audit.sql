-- Why: an auditor needs a request's id that no caller chose.

ALTER TABLE audit_log
	-- What the service itself calls the request; request_id may be the caller's.
	-- NULL in rows from before: what is null is not hashed, so they verify as ever.
	ADD COLUMN service_request_id text;
