-- Why: people must see where they are signed in and end it, an identity provider
-- must be able to end sessions that it began (OpenID Connect Back-Channel
-- Logout 1.0), and what CI uses must not depend on one person's account.

-- A session that was ended keeps its row for a day, with its end in expires_at:
-- a list that somebody is paging through starts after it.
ALTER TABLE sessions
	-- By which people speak of it: the hash is the secret's.
	ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
	ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT now(),
	-- The browser, as it calls itself.
	ADD COLUMN client varchar(200),
	-- What the ID token called the session at the provider ("sid"), if it did.
	ADD COLUMN provider_session text,
	-- Who signed them in: a subject begins with it, and no issuer holds a space.
	ADD COLUMN issuer text NOT NULL
		GENERATED ALWAYS AS (split_part(subject, ' ', 1)) STORED,
	ADD CONSTRAINT session_id_unique UNIQUE (id);

CREATE INDEX session_by_subject ON sessions (subject, created_at DESC, id DESC);
CREATE INDEX session_by_time ON sessions (created_at DESC, id DESC);
CREATE INDEX session_by_provider_session ON sessions (issuer, provider_session)
	WHERE provider_session IS NOT NULL;

-- Logout tokens count once. Of each the hash of issuer and "jti", until it would
-- be too old to be accepted anyway.
CREATE TABLE used_logout_tokens (
	token_sha256 char(64) NOT NULL,
	expires_at timestamptz NOT NULL,
	CONSTRAINT logout_tokens_pkey PRIMARY KEY (token_sha256)
);

CREATE INDEX logout_tokens_by_expiry ON used_logout_tokens (expires_at);

-- A token is a person's, or a service's that a group answers for.
ALTER TABLE access_tokens
	ALTER COLUMN owner_subject DROP NOT NULL,
	-- The group's e-mail address, in small letters.
	ADD COLUMN service_owner varchar(255),
	ADD CONSTRAINT tokens_owned_by_one
		CHECK (num_nonnulls(owner_subject, service_owner) = 1),
	-- What takes a person, no service does, whatever the program says.
	ADD CONSTRAINT tokens_of_services_are_impersonal CHECK (
		service_owner IS NULL
		OR scopes <@ ARRAY['catalogue:read', 'reports:read', 'reports:read_all', 'audit:read']
	);

CREATE INDEX tokens_by_service_owner
	ON access_tokens (service_owner, created_at DESC, id DESC)
	WHERE service_owner IS NOT NULL;
