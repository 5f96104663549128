-- Why: an auditor needs a request's id that no caller chose, and to know who read
-- what. A network address is personal data: it must be erased in time, and the
-- chain must prove the row nevertheless.

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
	CONSTRAINT reads_once UNIQUE NULLS NOT DISTINCT (hour, reader, report_id)
);

-- One row, made once: whoever has exported rows alone cannot try all addresses
-- until one has a hash that stands there. Whoever has the database can.
CREATE TABLE audit_address_key (
	is_only boolean NOT NULL DEFAULT true,
	-- As long as a block of SHA-256, so that HMAC takes it as it is.
	key bytea NOT NULL,
	CONSTRAINT address_key_pkey PRIMARY KEY (is_only),
	CONSTRAINT address_key_is_one_row CHECK (is_only),
	CONSTRAINT address_key_is_a_block CHECK (length(key) = 64)
);

INSERT INTO audit_address_key (key) VALUES (
	uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
	|| uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);

-- What HMAC puts before what is hashed (RFC 2104): each byte of the key, changed.
CREATE FUNCTION hmac_pad(key bytea, mask integer) RETURNS bytea
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT string_agg(
		set_byte('\x00'::bytea, 0, get_byte(key, at) # mask), ''::bytea ORDER BY at)
	FROM generate_series(0, length(key) - 1) AS at
$$;

-- Made once, and not for each row.
ALTER TABLE audit_address_key
	ADD COLUMN inner_pad bytea NOT NULL GENERATED ALWAYS AS (hmac_pad(key, 54)) STORED,
	ADD COLUMN outer_pad bytea NOT NULL GENERATED ALWAYS AS (hmac_pad(key, 92)) STORED;

CREATE TRIGGER audit_address_key_stays
	BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON audit_address_key
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();

ALTER TABLE audit_log
	-- HMAC-SHA-256 of the address. In rows that have one, the address itself stands
	-- beside the chain; in rows from before, it is in the chain for ever.
	ADD COLUMN address_hash char(64),
	ADD CONSTRAINT audit_address_is_beside
		CHECK (address IS NULL OR address_hash IS NULL);

-- The addresses as they are, until they are erased. No foreign key: the row of the
-- log comes after its address.
CREATE TABLE audit_addresses (
	seq bigint NOT NULL,
	address text NOT NULL,
	-- As in audit_log.
	time timestamptz NOT NULL,
	CONSTRAINT addresses_pkey PRIMARY KEY (seq)
);

-- They are erased one after the other, and nothing else is done to them.
CREATE TRIGGER audit_addresses_are_erased_only
	BEFORE UPDATE OR TRUNCATE ON audit_addresses
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();

CREATE TRIGGER audit_addresses_follow_the_log
	BEFORE INSERT ON audit_addresses
	FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)
	EXECUTE FUNCTION refuse_rewriting_history();

CREATE OR REPLACE FUNCTION append_to_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	head audit_head;
	keys audit_address_key;
BEGIN
	NEW.actor := left(NEW.actor, 255);
	NEW.client := left(NEW.client, 200);
	SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
	NEW.seq := head.seq + 1;
	NEW.time := clock_timestamp();
	NEW.previous_hash := head.hash;
	NEW.address_hash := NULL;
	IF NEW.address IS NOT NULL THEN
		SELECT * INTO STRICT keys FROM audit_address_key;
		NEW.address_hash := encode(sha256(keys.outer_pad ||
			sha256(keys.inner_pad || convert_to(NEW.address, 'UTF8'))), 'hex');
		INSERT INTO audit_addresses (seq, address, time)
			VALUES (NEW.seq, NEW.address, NEW.time);
		NEW.address := NULL;
	END IF;
	NEW.hash := encode(sha256(convert_to(canonical_json(jsonb_strip_nulls(
		to_jsonb(NEW) - 'hash' || jsonb_build_object('time',
			to_char(NEW.time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
	)), 'UTF8')), 'hex');
	UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash;
	RETURN NEW;
END
$$;
