-- Programs since 20261123000006 run on this schema.
-- The keys with which the processes sign what they put into a shared cache, so that they use nothing that others put
-- there. A reader of these keys can forge cached answers, and nothing else. gable serve rotates them daily.
CREATE TABLE signing_keys (
    id         TEXT NOT NULL PRIMARY KEY CHECK (octet_length(id) = 16 AND id NOT GLOB '*[^A-Za-z0-9]*'),
    secret     BLOB NOT NULL CHECK (octet_length(secret) = 32),
    created_at TEXT NOT NULL
);
