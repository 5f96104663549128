-- Why: whom the identity provider has signed out, or an admin has shut out, must
-- not go on with an access token of the provider from before, nor with a stream
-- that such a token opened.

CREATE TABLE provider_logouts (
	id bigint GENERATED ALWAYS AS IDENTITY,
	issuer text NOT NULL,
	-- As in people. NULL: the provider named a session alone, and none here has it.
	subject text,
	-- What the provider calls the session. NULL: all sessions of that person.
	sid text,
	-- By the provider's clock, which its tokens go by too.
	logged_out_at timestamptz NOT NULL,
	CONSTRAINT logouts_pkey PRIMARY KEY (id),
	CONSTRAINT logouts_of_somebody CHECK (num_nonnulls(subject, sid) > 0)
);

CREATE INDEX logouts_by_subject ON provider_logouts (subject);
CREATE INDEX logouts_by_sid ON provider_logouts (issuer, sid);
CREATE INDEX logouts_by_time ON provider_logouts (logged_out_at);
