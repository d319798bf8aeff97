-- Programs since 20261123000006 run on this schema.
-- The account whose key it is; no key outlives its account. NULL for keys of the command line, which belong to nobody, and
-- for those made before. It is no foreign key: a key whose account has gone is still listed, and its name stays taken.
ALTER TABLE api_keys ADD COLUMN owner TEXT;
