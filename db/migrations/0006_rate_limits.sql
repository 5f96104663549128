-- Why: several instances behind one address limit what one caller may ask of
-- all of them together (RATE_LIMIT_SHARED). The database is there already and
-- every instance reaches it; a cache server beside it would be one more thing
-- to run, to secure and to lose.
--
-- UNLOGGED: what was counted within the last minute need not survive a crash,
-- and is not worth a place in the write-ahead log. `key` is a hash of who asked
-- what; a row is of no use after `ends_at`, and is deleted by any instance.

CREATE UNLOGGED TABLE rate_limits (
	key text NOT NULL,
	ends_at timestamptz NOT NULL,
	requests integer NOT NULL,
	CONSTRAINT limits_pkey PRIMARY KEY (key)
);
