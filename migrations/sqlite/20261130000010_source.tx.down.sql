DROP INDEX properties_source;
ALTER TABLE properties DROP COLUMN source;
