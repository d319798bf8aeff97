-- Programs since 20261123000006 run on this schema.
-- The account that owns the key; no key outlives its account. NULL for keys of the command line and for older keys, which
-- have no owner. Not a foreign key: a key whose account is deleted is still listed, and its name stays taken.
ALTER TABLE api_keys ADD COLUMN owner text;
