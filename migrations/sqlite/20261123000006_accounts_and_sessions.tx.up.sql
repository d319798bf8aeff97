-- The accounts of the web pages. The id is text, because it may be the owner of an idempotency key.
CREATE TABLE accounts (
    id                  TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    name                TEXT NOT NULL UNIQUE CHECK (octet_length(name) BETWEEN 1 AND 64 AND name NOT GLOB '*[^a-z0-9._@+-]*'),
    role                TEXT NOT NULL CHECK (role IN ('administrator', 'editor')),
    password_hash       TEXT NOT NULL,
    created_at          TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
    password_changed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
);

-- Sessions of browsers, by the SHA-256 of their token, never the token itself. A session ends with its account.
CREATE TABLE sessions (
    token_hash TEXT NOT NULL PRIMARY KEY CHECK (octet_length(token_hash) = 64 AND token_hash NOT GLOB '*[^0-9a-f]*'),
    account_id TEXT REFERENCES accounts ON DELETE CASCADE,
    data       BLOB NOT NULL,
    expires_at TEXT NOT NULL
);
CREATE INDEX sessions_account_id ON sessions (account_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);
