-- Programs since 20261123000006 run on this schema.
-- The secret that an account shares with an authenticator app, '' for none, and the last half minute whose code was
-- used. It is stored unencrypted: a reader of the database can make codes, but still needs the password.
ALTER TABLE accounts ADD COLUMN factor_secret TEXT NOT NULL DEFAULT '' CHECK (octet_length(factor_secret) IN (0, 32) AND factor_secret NOT GLOB '*[^A-Z2-7]*');
ALTER TABLE accounts ADD COLUMN factor_step INTEGER NOT NULL DEFAULT 0;

-- Recovery codes, each of which signs in once in place of such a code, by their SHA-256.
CREATE TABLE recovery_codes (
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    code_hash  TEXT NOT NULL CHECK (octet_length(code_hash) = 64 AND code_hash NOT GLOB '*[^0-9a-f]*'),
    PRIMARY KEY (account_id, code_hash)
);
