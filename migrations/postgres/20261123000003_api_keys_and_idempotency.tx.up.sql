-- API keys: the SHA-256 of each, never the key itself. A revoked key stays, and keeps its name.
CREATE TABLE api_keys (
    id         uuid PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 100),
    scope      text NOT NULL CHECK (scope IN ('write', 'admin')),
    hash       text NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
    hint       text NOT NULL CHECK (char_length(hint) <= 4),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

-- What was answered to a request with an Idempotency-Key, stored with the write itself. Nothing refers to the listing:
-- it may be gone and the answer is still the answer. api_key_id says who asked: the id of a key, or another owner.
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
