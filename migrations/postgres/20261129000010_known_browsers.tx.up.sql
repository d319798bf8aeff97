-- Programs since 20261123000006 run on this schema.
-- From which browsers people have signed in, by the SHA-256 of a token that the browser holds, never the token itself.
-- Whoever signs in from one of them is not kept out by wrong passwords that strangers try.
CREATE TABLE known_browsers (
    token_hash text NOT NULL CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    account_id text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, token_hash)
);
CREATE INDEX known_browsers_expires_at ON known_browsers (expires_at);
