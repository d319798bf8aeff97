-- Programs since 20261123000006 run on this schema.
-- From here on triggers.sql has gable_fold, from which the next migration makes indexes.
SELECT 1;
