-- The accounts of the web pages. The id is text, because it may be the owner of an idempotency key.
CREATE TABLE accounts (
    id                  text PRIMARY KEY CHECK (char_length(id) BETWEEN 1 AND 100),
    name                text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9._@+-]{1,64}$'),
    role                text NOT NULL CHECK (role IN ('administrator', 'editor')),
    password_hash       text NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT now(),
    password_changed_at timestamptz NOT NULL DEFAULT now()
);

-- Sessions of browsers, by the SHA-256 of their token, never the token itself. A session ends with its account.
CREATE TABLE sessions (
    token_hash text PRIMARY KEY CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    account_id text REFERENCES accounts ON DELETE CASCADE,
    data       bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_account_id ON sessions (account_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);
