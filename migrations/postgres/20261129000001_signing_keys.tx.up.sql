-- Programs since 20261123000006 run on this schema.
-- The keys with which the processes sign what they put into a shared cache, so that they use nothing that others put
-- there. A reader of these keys can forge cached answers, and nothing else. gable serve rotates them daily.
CREATE TABLE signing_keys (
    id         text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9]{16}$'),
    secret     bytea NOT NULL CHECK (octet_length(secret) = 32),
    created_at timestamptz NOT NULL
);
