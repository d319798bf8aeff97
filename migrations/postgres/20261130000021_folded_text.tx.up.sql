-- Programs since 20261123000006 run on this schema.
-- Searches compare folded text: gable_fold is in triggers.sql. A query must use the very expressions indexed here; a
-- bar is a border between two fields that no phrase crosses. Without pg_trgm the answers are the same, only slower, as
-- in the first migration. Programs before this one search with properties_text and properties_location_text, which
-- therefore stay for now.
DO $$
BEGIN
    CREATE INDEX properties_folded_text ON properties
        USING gin (gable_fold(title || '|' || description || '|' || location) gin_trgm_ops);
    CREATE INDEX properties_folded_location ON properties USING gin (gable_fold(location) gin_trgm_ops);
EXCEPTION
    WHEN undefined_object THEN
        RAISE NOTICE 'text searches go without an index: %', SQLERRM;
END
$$;
CREATE INDEX properties_folded_reference ON properties (gable_fold(reference));
-- Without statistics about the new expressions the planner takes each word for a rare one.
ANALYZE properties;
