-- API keys: the SHA-256 of each, never the key itself. A revoked key stays in the table, and its name stays taken.
CREATE TABLE api_keys (
    id         uuid PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 100),
    scope      text NOT NULL CHECK (scope IN ('write', 'admin')),
    hash       text NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
    hint       text NOT NULL CHECK (char_length(hint) <= 4),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

-- The answer to each request with an Idempotency-Key, stored with the write. It does not refer to the listing, so that it
-- outlives it. api_key_id is the owner of the key: the id of an API key, or another owner.
CREATE TABLE idempotency_keys (
    api_key_id   text NOT NULL CHECK (char_length(api_key_id) BETWEEN 1 AND 100),
    key          text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    request_hash text NOT NULL,
    property_id  uuid NOT NULL,
    response     text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (api_key_id, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
