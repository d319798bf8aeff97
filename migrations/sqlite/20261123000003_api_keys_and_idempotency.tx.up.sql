-- API keys: the SHA-256 of each, never the key itself. A revoked key stays in the table, and its name stays taken.
CREATE TABLE api_keys (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    scope      TEXT NOT NULL CHECK (scope IN ('write', 'admin')),
    hash       TEXT NOT NULL UNIQUE CHECK (octet_length(hash) = 64 AND hash NOT GLOB '*[^0-9a-f]*'),
    hint       TEXT NOT NULL CHECK (length(hint) <= 4),
    created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
    revoked_at TEXT
);

-- The answer to each request with an Idempotency-Key, stored with the write. It does not refer to the listing, so that it
-- outlives it. api_key_id is the owner of the key: the id of an API key, or another owner.
CREATE TABLE idempotency_keys (
    api_key_id   TEXT NOT NULL CHECK (length(api_key_id) BETWEEN 1 AND 100),
    key          TEXT NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash TEXT NOT NULL,
    property_id  TEXT NOT NULL,
    response     TEXT NOT NULL,
    created_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'),
    PRIMARY KEY (api_key_id, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
