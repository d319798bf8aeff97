-- Programs since 20261123000006 run on this schema.
-- As in Postgres. In SQLite the program folds text, and the schema does not call its functions.
SELECT 1;
