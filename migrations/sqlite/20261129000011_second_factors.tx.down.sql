DROP TABLE recovery_codes;
ALTER TABLE accounts DROP COLUMN factor_step;
ALTER TABLE accounts DROP COLUMN factor_secret;
