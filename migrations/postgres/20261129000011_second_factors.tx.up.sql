-- Programs since 20261123000006 run on this schema.
-- The secret that an account shares with an authenticator app, '' for none, and the last half minute whose code was
-- used. It is stored unencrypted: a reader of the database can make codes, but still needs the password.
ALTER TABLE accounts ADD COLUMN factor_secret text NOT NULL DEFAULT '' CHECK (factor_secret ~ '^([A-Z2-7]{32})?$');
ALTER TABLE accounts ADD COLUMN factor_step bigint NOT NULL DEFAULT 0;

-- Recovery codes, each of which signs in once in place of such a code, by their SHA-256.
CREATE TABLE recovery_codes (
    account_id text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    code_hash  text NOT NULL CHECK (code_hash ~ '^[0-9a-f]{64}$'),
    PRIMARY KEY (account_id, code_hash)
);
