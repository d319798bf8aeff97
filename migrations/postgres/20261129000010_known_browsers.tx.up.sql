-- Programs since 20261123000006 run on this schema.
-- The browsers that people have signed in from, by the SHA-256 of a token that the browser holds, never the token itself.
-- Wrong passwords from strangers do not throttle a sign-in from one of them.
CREATE TABLE known_browsers (
    token_hash text NOT NULL CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    account_id text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, token_hash)
);
CREATE INDEX known_browsers_expires_at ON known_browsers (expires_at);
