-- Why: databases that were made before constraints were named by what they are
-- about have other names for them. Every database has the same ones from here on.

DO $$
DECLARE
	names text[];
BEGIN
	FOREACH names SLICE 1 IN ARRAY ARRAY[
		['people', 'people_pkey', 'person_pkey'],
		['people', 'people_roles_known', 'person_roles_known'],
		['access_tokens', 'access_tokens_pkey', 'tokens_pkey'],
		['access_tokens', 'access_tokens_token_unique', 'tokens_token_unique'],
		['access_tokens', 'access_tokens_owner_exists', 'tokens_owner_exists'],
		['access_tokens', 'access_tokens_are_limited', 'tokens_are_limited'],
		['access_tokens', 'access_tokens_expire', 'tokens_expire'],
		['access_tokens', 'access_tokens_revoked_by_somebody', 'tokens_revoked_by_somebody'],
		['sessions', 'sessions_pkey', 'session_pkey'],
		['sessions', 'sessions_subject_exists', 'session_subject_exists'],
		['audit_log', 'audit_log_pkey', 'audit_pkey'],
		['audit_log', 'audit_log_counts_from_one', 'audit_counts_from_one'],
		['audit_log', 'audit_log_method_known', 'audit_method_known'],
		['audit_log', 'audit_log_facade_known', 'audit_facade_known'],
		['audit_log', 'audit_log_before_holds_texts', 'audit_before_holds_texts'],
		['audit_log', 'audit_log_after_holds_texts', 'audit_after_holds_texts'],
		['audit_head', 'audit_head_pkey', 'head_pkey'],
		['audit_head', 'audit_head_is_one_row', 'head_is_one_row'],
		['rate_limits', 'rate_limits_pkey', 'limits_pkey']
	] LOOP
		IF EXISTS (
			SELECT FROM pg_constraint
			WHERE conrelid = names[1]::regclass AND conname = names[2]
		) THEN
			EXECUTE format('ALTER TABLE %I RENAME CONSTRAINT %I TO %I', names[1], names[2], names[3]);
		END IF;
	END LOOP;
END
$$;

ALTER INDEX IF EXISTS access_tokens_by_owner RENAME TO tokens_by_owner;
ALTER INDEX IF EXISTS access_tokens_by_time RENAME TO tokens_by_time;
ALTER INDEX IF EXISTS sessions_by_expiry RENAME TO session_by_expiry;
ALTER INDEX IF EXISTS audit_log_by_time RENAME TO audit_by_time;
ALTER INDEX IF EXISTS audit_log_by_actor RENAME TO audit_by_actor;
ALTER INDEX IF EXISTS audit_log_by_action RENAME TO audit_by_action;
ALTER INDEX IF EXISTS audit_log_by_report RENAME TO audit_by_report;
ALTER INDEX IF EXISTS audit_log_by_method RENAME TO audit_by_method;
ALTER INDEX IF EXISTS audit_log_by_facade RENAME TO audit_by_facade;
