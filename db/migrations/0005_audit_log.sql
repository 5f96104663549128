-- Why: an organisation must be able to say who did what, and that nobody changed
-- the record afterwards. Every row carries the SHA-256 of its content and of its
-- predecessor's hash, so that whoever changes, removes, inserts or swaps rows
-- breaks the chain, and the head row shows when the last ones are missing. The
-- database computes the chain by itself: no writer can forget it, and one
-- statement can record and be recorded.

CREATE TABLE audit_log (
	-- From 1 without gaps: it is the head's, which goes back when a transaction does.
	seq bigint NOT NULL,
	time timestamptz NOT NULL,
	-- An e-mail address, proven where there is a subject, otherwise as it was claimed.
	actor text,
	actor_subject text,
	method text NOT NULL,
	facade text NOT NULL,
	client text,
	action text NOT NULL,
	-- No foreign key: its check would come after the head's lock, and could wait for
	-- a report whose holder waits for the head.
	report_id uuid,
	target text,
	before jsonb,
	after jsonb,
	request_id text NOT NULL,
	address text,
	previous_hash char(64) NOT NULL,
	hash char(64) NOT NULL,
	CONSTRAINT audit_pkey PRIMARY KEY (seq),
	CONSTRAINT audit_counts_from_one CHECK (seq >= 1),
	CONSTRAINT audit_method_known
		CHECK (method IN ('none', 'oidc', 'access_token', 'session', 'local')),
	CONSTRAINT audit_facade_known
		CHECK (facade IN ('rest', 'trpc', 'mcp', 'web', 'command_line')),
	-- Texts alone: numbers can be written in several ways.
	CONSTRAINT audit_before_holds_texts CHECK (
		jsonb_typeof(before) = 'object'
		AND NOT jsonb_path_exists(before, '$.* ? (@.type() != "string")')
	),
	CONSTRAINT audit_after_holds_texts CHECK (
		jsonb_typeof(after) = 'object'
		AND NOT jsonb_path_exists(after, '$.* ? (@.type() != "string")')
	)
);

-- The list: newest first, of all or of one kind. By time, for its beginning and end.
CREATE INDEX audit_by_time ON audit_log (time, seq);
CREATE INDEX audit_by_actor ON audit_log (lower(actor), time, seq);
CREATE INDEX audit_by_action ON audit_log (action, time, seq);
CREATE INDEX audit_by_report ON audit_log (report_id, time, seq)
	WHERE report_id IS NOT NULL;
CREATE INDEX audit_by_method ON audit_log (method, time, seq);
CREATE INDEX audit_by_facade ON audit_log (facade, time, seq);

-- One row: the last one's number and hash. Whoever appends holds it until commit.
CREATE TABLE audit_head (
	is_only boolean NOT NULL DEFAULT true,
	seq bigint NOT NULL,
	hash char(64) NOT NULL,
	CONSTRAINT head_pkey PRIMARY KEY (is_only),
	CONSTRAINT head_is_one_row CHECK (is_only)
) WITH (fillfactor = 10);

INSERT INTO audit_head (seq, hash) VALUES (0, repeat('0', 64));

-- RFC 8785 for what the log holds: objects of texts, whole numbers and such objects.
CREATE FUNCTION canonical_json(object jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
	RETURN '{' || (
		SELECT coalesce(string_agg(
			to_json(name)::text || ':' || CASE jsonb_typeof(value)
				WHEN 'object' THEN canonical_json(value)
				ELSE value::text
			END,
			',' ORDER BY name COLLATE "C"), '')
		FROM jsonb_each(object) AS members (name, value)
	) || '}';
END
$$;

-- What is hashed: the row as canonical JSON, without its hash and without what is null.
CREATE FUNCTION append_to_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	head audit_head;
BEGIN
	NEW.actor := left(NEW.actor, 255);
	NEW.client := left(NEW.client, 200);
	SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
	NEW.seq := head.seq + 1;
	NEW.time := clock_timestamp();
	NEW.previous_hash := head.hash;
	NEW.hash := encode(sha256(convert_to(canonical_json(jsonb_strip_nulls(
		to_jsonb(NEW) - 'hash' || jsonb_build_object('time',
			to_char(NEW.time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
	)), 'UTF8')), 'hex');
	UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash;
	RETURN NEW;
END
$$;

CREATE TRIGGER audit_log_is_chained
	BEFORE INSERT ON audit_log
	FOR EACH ROW EXECUTE FUNCTION append_to_audit_log();

CREATE OR REPLACE FUNCTION refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '% on % is refused: what was recorded is immutable history',
		TG_OP, TG_TABLE_NAME
		USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER audit_log_is_appended_only
	BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();

CREATE TRIGGER audit_head_stays
	BEFORE DELETE OR TRUNCATE ON audit_head
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();

-- It moves with the log alone.
CREATE TRIGGER audit_head_follows_the_log
	BEFORE UPDATE ON audit_head
	FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)
	EXECUTE FUNCTION refuse_rewriting_history();
